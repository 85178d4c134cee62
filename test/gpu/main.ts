/**
 * Checks a machine's card from the doctor to its speed, in eight minutes at most:
 *
 *     npm run check:gpu [-- --json FILE] [--seconds 480] [--edm2 DIR --python VENV/bin/python]
 *
 * On a machine without a card the processor stands for it, with smaller networks. It prints one table and exits with 1 if
 * something that is asked for isn't so. With a checkout of the official code and PyTorch its speed on the same device stands
 * beside ours; that takes time of its own. docs/devices.md says how to read it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chosenDevice } from '../../native-worker/engine/runtime/choice.ts';
import { measuredOn } from '../../native-worker/engine/runtime/measured-on.ts';
import { precisionSupport, readCpuFlags } from '../../native-worker/engine/runtime/precision-support.ts';
import { table } from '../../native-worker/cli/words.ts';
import { edm2 } from './edm2.ts';
import { officialPart } from './official.ts';
import { networksFor, partsOf, type Part, type Row } from './parts.ts';

/** Seconds for everything but the official code. */
const SECONDS = 480;

interface Asked {
  readonly seconds: number;
  readonly json: string | null;
  readonly edm2: string | null;
  readonly python: string;
}

function readArguments(): Asked {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: String(SECONDS) },
      json: { type: 'string' },
      edm2: { type: 'string' },
      python: { type: 'string', default: 'python3' },
    },
  });
  const seconds = Number(values.seconds);
  if (!Number.isInteger(seconds) || seconds < 60)
    throw new Error(`--seconds takes a whole number from 60 on, not "${values.seconds}".`);
  const path = (text: string): string => resolve(process.env.INIT_CWD ?? '.', text); // npm runs this in the project's folder
  return {
    seconds,
    json: values.json === undefined ? null : path(values.json),
    edm2: values.edm2 === undefined ? null : path(values.edm2),
    python: values.python.includes('/') ? path(values.python) : values.python,
  };
}

interface Done {
  readonly part: string;
  readonly seconds: number;
  readonly rows: readonly Row[];
}

async function main(): Promise<number> {
  const asked = readArguments();
  const { runtime, gpu } = await chosenDevice();
  const machine = measuredOn(runtime, gpu);
  const supports = precisionSupport({ runtime, gpu, cpuFlags: readCpuFlags() });
  const library = mkdtempSync(join(tmpdir(), 'edm2-check-gpu-'));
  say(
    `${machine.device}${machine.driver === null ? '' : `, driver ${machine.driver}`}, TensorFlow ${machine.tensorflow}`,
  );
  if (gpu === null) say('There is no card that jobs would use: the processor stands for it, with smaller networks.');
  const began = performance.now();
  const done: Done[] = [];
  try {
    for (const part of partsOf({ library, gpu, supports, networks: networksFor(gpu) })) {
      done.push(await carriedOut(part, asked.seconds - (performance.now() - began) / 1000));
    }
    if (asked.edm2 !== null) {
      const part = officialPart({ edm2: asked.edm2, python: asked.python, gpu, networks: networksFor(gpu) });
      done.push(await carriedOut(part, part.seconds));
    }
  } finally {
    await edm2(library, ['runs'], 30).catch(() => undefined); // its service leaves when nothing runs
    rmSync(library, { recursive: true, force: true });
  }
  const rows = done.flatMap((one) => one.rows);
  say(
    `\n${table(
      ['', 'found', ''],
      rows.map(({ what, found, good }) => [what, found, mark(good)]),
    )}`,
  );
  const failed = rows.filter(({ good }) => good === false).length;
  say(
    `\n${rows.length - failed} lines, ${failed} not as asked for; ${Math.round((performance.now() - began) / 1000)} s`,
  );
  if (asked.json !== null) {
    writeFileSync(asked.json, `${JSON.stringify({ machine, date: new Date().toISOString(), parts: done }, null, 2)}\n`);
    say(`Wrote ${asked.json}.`);
  }
  return failed === 0 ? 0 : 1;
}

/** A part that throws, or for which there is no time left, is a line of the table and ends nothing. */
async function carriedOut(part: Part, left: number): Promise<Done> {
  const began = performance.now();
  const rows = await rowsOf(part, Math.min(part.seconds, left));
  const seconds = (performance.now() - began) / 1000;
  say(`${part.name}: ${Math.round(seconds)} s`);
  return { part: part.name, seconds, rows };
}

async function rowsOf({ name, run }: Part, seconds: number): Promise<readonly Row[]> {
  if (seconds < 15) return [{ what: name, found: 'left out: the time was over', good: null }];
  try {
    return await run(seconds);
  } catch (error) {
    return [{ what: name, found: error instanceof Error ? error.message : String(error), good: false }];
  }
}

function mark(good: boolean | null): string {
  return good === null ? '' : good ? 'as asked for' : 'NOT AS ASKED FOR';
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
