/**
 * `npm run verify-reference -- [DIR] [--engine graph|eager]`: runs every case of a folder of reference numbers (default
 * test/reference) and prints, for each, its worst error relative to its tolerance. By default op by op; with
 * `--engine graph` all that is computed with tensors is recorded first, and training steps are those of the training
 * job. Exits 1 if a case fails or has no runner.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AppError } from '../../contract/errors.ts';
import '../engine/tensorflow.ts';
import { readIndex } from './case-file.ts';
import type { EngineName } from './engine.ts';
import { verifyCase } from './verify.ts';

const standard = fileURLToPath(new URL('../../test/reference', import.meta.url));

async function main(folder: string, engine: EngineName): Promise<number> {
  const cases = readIndex(folder);
  process.stdout.write('case                   compared   worst error / tolerance\n');
  let passed = 0;
  let failed = 0;
  for (const reference of cases) {
    const { name, passed: good, worst, worstOf, compared, failures } = await verifyCase(reference, engine);
    if (good) passed += 1;
    else failed += 1;
    const figure = Number.isFinite(worst) ? worst.toFixed(3) : '–';
    process.stdout.write(
      `${name.padEnd(22)} ${String(compared).padStart(8)}   ${good ? 'passed' : 'FAILED'} ${figure.padStart(8)}  ${worstOf}\n`,
    );
    for (const failure of failures.slice(0, 10)) process.stdout.write(`    ${failure}\n`);
    if (failures.length > 10) process.stdout.write(`    … and ${failures.length - 10} more\n`);
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** @throws {AppError} 'invalid-input' */
function readArguments(): { folder: string; engine: EngineName } {
  const { values, positionals } = parse();
  const { engine } = values;
  if (engine !== 'eager' && engine !== 'graph') {
    throw new AppError('invalid-input', `There is no engine "${engine}"; it is graph or eager.`);
  }
  if (positionals.length > 1) {
    throw new AppError('invalid-input', `Name one folder of reference cases, not ${positionals.length}.`);
  }
  // npm runs scripts in the project's folder; the path is meant from where the user stands.
  return { folder: path.resolve(process.env.INIT_CWD ?? '.', positionals[0] ?? standard), engine };
}

function parse(): { values: { engine: string }; positionals: string[] } {
  try {
    return parseArgs({ options: { engine: { type: 'string', default: 'eager' } }, allowPositionals: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('invalid-input', `npm run verify-reference -- [DIR] [--engine graph|eager]: ${reason}`);
  }
}

try {
  const { folder, engine } = readArguments();
  process.exitCode = await main(folder, engine);
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.code === 'invalid-input' ? 2 : 1;
}
