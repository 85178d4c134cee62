/**
 * `npm run verify-reference -- [DIR]`: runs every case of a folder of reference numbers (default test/reference) and
 * prints, for each, its worst error relative to its tolerance. Exits 1 if a case fails or has no runner.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../contract/errors.ts';
import '../engine/tensorflow.ts';
import { readIndex } from './case-file.ts';
import { verifyCase } from './verify.ts';

const standard = fileURLToPath(new URL('../../test/reference', import.meta.url));

function main(folder: string): number {
  const cases = readIndex(folder);
  process.stdout.write('case                   compared   worst error / tolerance\n');
  let passed = 0;
  let failed = 0;
  for (const reference of cases) {
    const { name, passed: good, worst, worstOf, compared, failures } = verifyCase(reference);
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

try {
  // npm runs scripts in the project's folder; the path is meant from where the user stands.
  process.exitCode = main(path.resolve(process.env.INIT_CWD ?? '.', process.argv[2] ?? standard));
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
