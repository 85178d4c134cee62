/**
 * Our speed beside the official PyTorch code's, in alternation on one machine:
 *
 *     npm run bench:peer -- --edm2 DIR [--python VENV/bin/python] [--rounds N] [--threads N] [--only GROUP,…]
 *                           [--sweep] [--json FILE] [--markdown FILE]
 *
 * docs/performance.md says what is measured and what is asked of it.
 */
import { release, type } from 'node:os';
import { measure } from '../../../native-worker/cli/bench/measure.ts';
import { processorInWords } from '../../../native-worker/engine/runtime/processor.ts';
import { quietWords } from '../../../native-worker/cli/bench/report.ts';
import { readArguments, type Asked, type Group } from './arguments.ts';
import { compare, comparePeaks, comparisons, startSeconds, subjectOf, type Comparison } from './comparisons.ts';
import { Findings } from './findings.ts';
import { boundsTable, comparedRow, missingRow, peakRow, plainTable, startRow, type Row } from './report.ts';
import { sweep, sweepTable } from './sweep.ts';
import { checkPeer } from './torch-process.ts';

/** Sampling takes longer than a step, so it gets a third of the rounds. */
const SAMPLING_SHARE = 3;

/** No round of a comparison begins after this. */
const LIMIT_SECONDS = 120;

/** A turn repeats a step about that long; a drawing takes longer alone. */
const TURN_SECONDS = 1.5;

const STARTS = 3;
const BOUND = { rounds: 5, limitSeconds: 40, warmUps: 2, turnSeconds: 1 };

/** A point of the sweep is one of many. */
const SWEEP = { rounds: 3, limitSeconds: 6, warmUps: 2, turnSeconds: 0.5 };

const precisions = ['fp32', 'bf16'] as const;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function main(): Promise<void> {
  const asked = readArguments(process.argv.slice(2));
  const { peer, only } = asked;
  const machine = {
    processor: processorInWords(),
    threads: peer.threads,
    system: `${type()} ${release()}`,
    node: process.version,
    torch: checkPeer(peer),
    date: new Date().toISOString(),
  };
  const findings = new Findings(machine, asked);
  say(`${machine.processor}, ${peer.threads} threads each, PyTorch ${machine.torch}, Node ${machine.node}`);
  for (const group of only) {
    const begin = performance.now();
    await parts[group](asked, findings);
    say(`(${group}: ${Math.round((performance.now() - begin) / 1000)} s)`);
  }
  say(`\n${plainTable(findings.rows)}\n`);
  if (findings.bounds.length > 0) say(`${boundsTable(findings.bounds)}\n`);
  if (findings.swept.length > 0) say(`${sweepTable(findings.swept)}\n`);
  if (findings.compared.length > 0) say(quietWords(findings.quiet));
}

const parts: Readonly<Record<Group, (asked: Asked, findings: Findings) => Promise<void>>> = {
  fp32: (asked, findings) =>
    compareAll(asked, findings, ({ precision, compile }) => precision === 'fp32' && !compile),
  bf16: (asked, findings) => compareAll(asked, findings, ({ precision }) => precision === 'bf16'),
  compile: (asked, findings) => compareAll(asked, findings, ({ compile }) => compile),
  memory: async ({ peer }, findings) => {
    for (const precision of precisions) {
      for (const task of ['train', 'sample'] as const) {
        const peaks = await comparePeaks(task, precision, peer);
        findings.peaks.push(peaks);
        note(findings, peakRow(peaks));
      }
    }
  },
  start: async ({ peer }, findings) => note(findings, startRow(await startSeconds(peer.threads, STARTS))),
  bound: async ({ peer }, findings) => {
    for (const precision of precisions) {
      const result = await measure(subjectOf(precision), peer.threads, BOUND, () => undefined);
      findings.bounds.push({ precision, result });
      findings.write();
    }
  },
  sweep: async ({ peer }, findings) => {
    await sweep(peer.threads, SWEEP, (done, all, swept) => {
      findings.swept.push(swept);
      findings.write();
      say(`${done} of ${all}: batch ${swept.batch}, ${swept.resolution} pixels, ${swept.width} channels`);
    });
  },
};

/** A comparison that fails, as where torch.compile does not compile, is a line of the table and ends nothing. */
async function compareAll(
  { peer, rounds }: Asked,
  findings: Findings,
  wanted: (comparison: Comparison) => boolean,
): Promise<void> {
  const group = comparisons.filter(wanted);
  const options = ({ task }: Comparison) => ({
    rounds: task === 'train' ? rounds : Math.max(3, Math.round(rounds / SAMPLING_SHARE)),
    limitSeconds: LIMIT_SECONDS,
    warmUps: 2,
    turnSeconds: TURN_SECONDS,
  });
  try {
    await compare(group, peer, options, (result) => {
      findings.compared.push(result);
      note(findings, comparedRow(result));
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const done = findings.compared.map(({ comparison }) => comparison);
    for (const { name, atLeast } of group.filter((one) => !done.includes(one))) {
      note(findings, missingRow(name, atLeast, why));
    }
  }
}

function note(findings: Findings, row: Row): void {
  findings.rows.push(row);
  findings.write();
  say(`${row.what}: ${row.ratio === '' || row.ratio === '–' ? `${row.ours} ${row.theirs}` : row.ratio}`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
