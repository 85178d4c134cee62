/**
 * `npm run verify-reference -- [DIR] [--engine graph|eager] [--precision fp32|tf32|bf16|fp16]
 * [--compile none|clusters|network] [--json]`: runs every case of
 * a folder of reference numbers (default test/reference) and prints, for each, its worst error relative to its tolerance.
 * By default op by op; with `--engine graph` all that is computed with tensors is recorded first, and training steps are
 * those of the training job. Exits 1 if a case fails or has no runner.
 *
 * Tolerances are those of float32. In another precision only the cases with a network are run, by default as graphs, and
 * nothing fails: what is told is how far beyond those tolerances that precision goes. tf32 takes a process that allows it.
 *
 * With `--compile` graphs are compiled by XLA as a run's can be on a card, on a processor, too; only cases with a network.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Compilation, compilations } from '../../contract/compilation.ts';
import { AppError } from '../../contract/errors.ts';
import { Precision, precisionNames } from '../../contract/precision.ts';
import '../engine/tensorflow.ts';
import { readIndex } from './case-file.ts';
import type { How } from './engine.ts';
import { verifyCase, type Verdict } from './verify.ts';

const standard = fileURLToPath(new URL('../../test/reference', import.meta.url));

/** Cases whose networks are computed in the precision that is asked for. */
const WITH_NETWORK = /^(unet|train|sampler(?!-sigmas))/;

/** Failures of a case that are told. */
const TOLD = 10;

interface Asked extends How {
  readonly folder: string;
  readonly compile: Compilation;
  readonly json: boolean;
}

async function main({ folder, json, compile, ...how }: Asked): Promise<number> {
  process.env.EDM2_COMPILE = compile;
  const judged = how.precision === 'fp32';
  const all = judged && compile === 'none';
  const cases = readIndex(folder).filter(({ name }) => all || WITH_NETWORK.test(name));
  const words = judged ? (['passed', 'FAILED'] as const) : (['within', 'beyond'] as const);
  if (!json) process.stdout.write('case                   compared   worst error / tolerance\n');
  let passed = 0;
  for (const reference of cases) {
    const verdict = await verifyCase(reference, how);
    if (verdict.passed) passed += 1;
    process.stdout.write(json ? `${JSON.stringify(verdict)}\n` : verdictWords(verdict, words, judged));
  }
  const failed = cases.length - passed;
  const last = judged
    ? `${passed} passed, ${failed} failed`
    : `${passed} within the bounds of float32, ${failed} beyond`;
  process.stdout.write(json ? `${JSON.stringify({ cases: cases.length, passed, failed })}\n` : `${last}\n`);
  return judged && (failed > 0 || passed === 0) ? 1 : 0;
}

function verdictWords(
  { name, passed, worst, worstOf, compared, failures }: Verdict,
  [good, bad]: readonly [string, string],
  judged: boolean,
): string {
  const figure = Number.isFinite(worst) ? worst.toFixed(3) : '–';
  const word = passed ? good : bad;
  const line = `${name.padEnd(22)} ${String(compared).padStart(8)}   ${word} ${figure.padStart(8)}  ${worstOf}\n`;
  if (!judged && Number.isFinite(worst)) return line;
  const more = failures.length > TOLD ? [`… and ${failures.length - TOLD} more`] : [];
  return [line, ...[...failures.slice(0, TOLD), ...more].map((failure) => `    ${failure}\n`)].join('');
}

/** @throws {AppError} 'invalid-input' */
function readArguments(): Asked {
  const { values, positionals } = parse();
  const precision = Precision.safeParse(values.precision);
  if (!precision.success) {
    throw new AppError('invalid-input', `--precision is ${precisionNames}, not "${values.precision}".`);
  }
  const compile = Compilation.safeParse(values.compile);
  if (!compile.success) {
    throw new AppError('invalid-input', `--compile is ${compilations.join(', ')}, not "${values.compile}".`);
  }
  const engine = values.engine ?? (precision.data === 'fp32' && compile.data === 'none' ? 'eager' : 'graph');
  if (engine !== 'eager' && engine !== 'graph') {
    throw new AppError('invalid-input', `There is no engine "${engine}"; it is graph or eager.`);
  }
  if (engine === 'eager' && compile.data !== 'none') {
    throw new AppError('invalid-input', 'Op by op nothing is compiled: leave --engine out.');
  }
  if (positionals.length > 1) {
    throw new AppError('invalid-input', `Name one folder of reference cases, not ${positionals.length}.`);
  }
  // npm runs scripts in the project's folder; the path is meant from where the user stands.
  const folder = path.resolve(process.env.INIT_CWD ?? '.', positionals[0] ?? standard);
  return { folder, engine, precision: precision.data, compile: compile.data, json: values.json };
}

function parse(): {
  values: { engine?: string; precision: string; compile: string; json: boolean };
  positionals: string[];
} {
  const options = {
    engine: { type: 'string' },
    precision: { type: 'string', default: 'fp32' },
    compile: { type: 'string', default: 'none' },
    json: { type: 'boolean', default: false },
  } as const;
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const usage =
      'npm run verify-reference -- [DIR] [--engine graph|eager] [--precision NAME] [--compile NAME] [--json]';
    throw new AppError('invalid-input', `${usage}: ${reason}`);
  }
}

try {
  process.exitCode = await main(readArguments());
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.code === 'invalid-input' ? 2 : 1;
}
