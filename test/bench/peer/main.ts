/**
 * Our speed beside the official PyTorch code's, in alternation on one machine:
 *
 *     npm run bench:peer -- --edm2 DIR [--python VENV/bin/python] [--rounds N] [--threads N] [--only GROUP,…]
 *                           [--sweep] [--json FILE] [--markdown FILE]
 *
 * Groups: fp32, bf16, compile, memory, start. docs/performance.md says what is measured, and what is asked of it.
 */
import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { processorName } from '../../../native-worker/cli/bench/measure.ts';
import { quietWords } from '../../../native-worker/cli/bench/report.ts';
import { physicalCores } from '../../../native-worker/engine/runtime/cores.ts';
import {
  compare,
  comparePeaks,
  comparisons,
  startSeconds,
  type Compared,
  type Comparison,
  type Peaks,
} from './comparisons.ts';
import { comparedRow, markdownTable, missingRow, peakRow, plainTable, startRow, type Row } from './report.ts';
import { sweep, sweepTable, type Swept } from './sweep.ts';
import { checkPeer } from './torch-process.ts';

const groups = ['fp32', 'bf16', 'compile', 'memory', 'start'] as const;
type Group = (typeof groups)[number];

const groupOf = ({ precision, compile }: Comparison): Group => (compile ? 'compile' : precision);

/** Sampling takes longer than a step, so it gets a third of the rounds. */
const SAMPLING_SHARE = 3;

/** No round of a comparison begins after this. */
const LIMIT_SECONDS = 90;

const STARTS = 3;

/** A point of the sweep is one of many. */
const SWEEP = { rounds: 3, limitSeconds: 6, warmUps: 2, turnSeconds: 0.5 };

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A path as the user meant it: npm runs scripts in the project's folder. */
function userPath(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path);
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      edm2: { type: 'string' },
      python: { type: 'string', default: 'python3' },
      rounds: { type: 'string', default: '15' },
      threads: { type: 'string', default: String(physicalCores()) },
      only: { type: 'string', default: groups.join(',') },
      sweep: { type: 'boolean', default: false },
      json: { type: 'string' },
      markdown: { type: 'string' },
    },
  });
  if (values.edm2 === undefined) {
    throw new Error('Name a checkout of the official code: git clone https://github.com/NVlabs/edm2, then --edm2 DIR.');
  }
  const number = (name: 'rounds' | 'threads'): number => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a whole number, not ${values[name]}.`);
    return value;
  };
  const only = values.only.split(',').filter((name) => name !== '');
  const unknown = only.find((name) => !(groups as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`--only takes ${groups.join(', ')}, not "${unknown}".`);
  const python = values.python.includes('/') ? userPath(values.python) : values.python;
  const files = {
    json: values.json === undefined ? null : userPath(values.json),
    markdown: values.markdown === undefined ? null : userPath(values.markdown),
  };
  return {
    peer: { edm2: userPath(values.edm2), python, threads: number('threads') },
    rounds: number('rounds'),
    only: only as Group[],
    sweep: values.sweep,
    files,
  };
}

async function main(): Promise<void> {
  const { peer, rounds, only, sweep: sweeps, files } = readArguments();
  const torch = checkPeer(peer);
  const machine = {
    processor: processorName(),
    threads: peer.threads,
    kernel: release(),
    node: process.version,
    torch,
    date: new Date().toISOString(),
  };
  say(`${machine.processor}, ${peer.threads} threads each, PyTorch ${torch}, Node ${machine.node}`);
  const found: { compared: Compared[]; peaks: Peaks[]; swept: Swept[]; failures: Record<string, string> } = {
    compared: [],
    peaks: [],
    swept: [],
    failures: {},
  };
  const rows: Row[] = [];
  const quiet = (): boolean | null => {
    const all = found.compared.flatMap(({ ours, theirs }) => [ours.quiet, theirs.quiet]);
    return all.includes(null) ? null : all.every(Boolean);
  };
  // Written after each part, so that what was measured stays if a later part fails.
  const note = (...added: Row[]): void => {
    rows.push(...added);
    for (const row of added) say(`${row.what}: ${row.ratio || row.ours}`);
    if (files.json !== null) {
      writeFileSync(files.json, `${JSON.stringify({ machine, quiet: quiet(), rows, ...found }, null, 1)}\n`);
    }
    if (files.markdown !== null) {
      const parts = [markdownTable(rows), quietWords(quiet()), found.swept.length === 0 ? '' : sweepTable(found.swept)];
      writeFileSync(files.markdown, `${parts.filter((part) => part !== '').join('\n\n')}\n`);
    }
  };
  const options = ({ task }: Comparison) => ({
    rounds: task === 'train' ? rounds : Math.max(3, Math.round(rounds / SAMPLING_SHARE)),
    limitSeconds: LIMIT_SECONDS,
    warmUps: 2,
    turnSeconds: 0,
  });

  for (const group of ['fp32', 'bf16', 'compile'] as const) {
    if (!only.includes(group)) continue;
    const members = comparisons.filter((comparison) => groupOf(comparison) === group);
    try {
      await compare(members, peer, options, (result) => {
        found.compared.push(result);
        note(comparedRow(result));
      });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      found.failures[group] = why;
      const done = found.compared.map(({ comparison }) => comparison);
      note(...members.filter((one) => !done.includes(one)).map((one) => missingRow(one.name, one.atLeast, why)));
    }
  }
  if (only.includes('memory')) {
    for (const precision of ['fp32', 'bf16'] as const) {
      for (const task of ['train', 'sample'] as const) {
        found.peaks.push(await comparePeaks(task, precision, peer));
        note(peakRow(found.peaks.at(-1)!));
      }
    }
  }
  if (only.includes('start')) note(startRow(await startSeconds(peer.threads, STARTS)));
  say(`\n${plainTable(rows)}\n`);
  if (found.compared.length > 0) say(quietWords(quiet()));
  if (sweeps) {
    await sweep(peer.threads, SWEEP, (done, all, swept) => {
      found.swept.push(swept);
      note();
      say(`${done} of ${all}: batch ${swept.batch}, ${swept.resolution} pixels, ${swept.width} channels`);
    });
    say(`\n${sweepTable(found.swept)}`);
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
