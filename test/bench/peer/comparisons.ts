import { findPreset } from '../../../contract/presets.ts';
import type { BenchSubject } from '../../../contract/bench.ts';
import { median } from '../../../contract/median.ts';
import { alternate, type RoundOptions, type Timing } from '../../../native-worker/cli/bench/rounds.ts';
import { startWorker } from '../../../native-worker/cli/bench/worker.ts';
import type { BenchWorker } from '../../../native-worker/system/bench-worker.ts';
import { startPeer, type PeerOptions, type PeerProcess, type PeerTask } from './torch-process.ts';

type Precision = Exclude<PeerOptions['precision'], 'fp16'>;

/** What is measured and what is asked of it. `ratio`: how many times as fast, or as large, at least or at most. */
export interface Comparison {
  readonly name: string;
  readonly task: PeerTask;
  readonly precision: Precision;
  readonly compile: boolean;
  readonly atLeast: number;
}

export const comparisons: readonly Comparison[] = [
  { name: 'training fp32 ÷ official eager fp32', task: 'train', precision: 'fp32', compile: false, atLeast: 1.4 },
  { name: 'sampling fp32 ÷ official eager fp32', task: 'sample', precision: 'fp32', compile: false, atLeast: 1.5 },
  { name: 'training bf16 ÷ official bf16 autocast', task: 'train', precision: 'bf16', compile: false, atLeast: 1.4 },
  { name: 'sampling bf16 ÷ official bf16 autocast', task: 'sample', precision: 'bf16', compile: false, atLeast: 1.5 },
  { name: 'training fp32 ÷ official torch.compile', task: 'train', precision: 'fp32', compile: true, atLeast: 1 },
];

/** Peak memory of ours ÷ the official code's. */
export const MEMORY_AT_MOST = 1;

/** Seconds from the start of a process to the end of its first step, the second time. */
export const START_AT_MOST = 5;

/** Steps of the sampler, as bench_torch.py has them. */
const SAMPLER_STEPS = 8;

/** What bench_torch.py trains, which is our preset "small" at batch 16 with 10 classes. */
export function subjectOf(precision: Precision): BenchSubject {
  const { config, resolution } = findPreset('small')!;
  return {
    config: {
      ...config,
      training: { ...config.training, batchSize: 16, precision },
      grid: { ...config.grid, sampler: { ...config.grid.sampler, steps: SAMPLER_STEPS } },
    },
    shape: { resolution, channels: 3, labelDim: 10 },
  };
}

export interface Compared {
  readonly comparison: Comparison;
  readonly ours: Timing;
  readonly theirs: Timing;
  /** Ratio of medians: how many times as fast ours is. */
  readonly ratio: number;
  /** Smallest and largest ratio of the turns of one round. */
  readonly range: readonly [number, number];
}

/** Several comparisons between one process of ours and one of theirs, in alternation. */
export async function compare(
  group: readonly Comparison[],
  peer: Omit<PeerOptions, 'precision' | 'compile'>,
  options: (comparison: Comparison) => RoundOptions,
  onResult: (result: Compared) => void,
): Promise<void> {
  const { precision, compile } = group[0]!;
  await withBoth(await startPeer({ ...peer, precision, compile }), subjectOf(precision), peer.threads, async (theirs, ours) => {
    for (const comparison of group) {
      const { task } = comparison;
      const entrants = [
        { contender: theirs, task },
        { contender: ours, task },
      ];
      const [theirTime, ourTime] = await alternate(entrants, options(comparison));
      onResult({ comparison, ...ratioOf(ourTime!, theirTime!) });
    }
  });
}

export function ratioOf(ours: Timing, theirs: Timing): Omit<Compared, 'comparison'> {
  const ratios = ours.turns.map((seconds, round) => theirs.turns[round]! / seconds);
  return { ours, theirs, ratio: theirs.median / ours.median, range: [Math.min(...ratios), Math.max(...ratios)] };
}

/** Peak memory of fresh processes that do a task alone, bytes. */
export interface Peaks {
  readonly task: PeerTask;
  readonly precision: Precision;
  readonly ours: number;
  /** null: this system doesn't tell. */
  readonly theirs: number | null;
}

/** Runs of a task after which its memory has stopped to grow. */
const MEMORY_RUNS: Readonly<Record<PeerTask, number>> = { train: 8, sample: 2 };

export async function comparePeaks(
  task: PeerTask,
  precision: Precision,
  peer: Omit<PeerOptions, 'precision' | 'compile'>,
): Promise<Peaks> {
  const process = await startPeer({ ...peer, precision, compile: false });
  return withBoth(process, subjectOf(precision), peer.threads, async (theirs, ours) => {
    for (let run = 0; run < MEMORY_RUNS[task]; run += 1) {
      await theirs.run(task);
      await ours.run(task);
    }
    return { task, precision, ours: ours.peakBytes, theirs: theirs.peakBytes() };
  });
}

/** Seconds from starting a process to the end of its first training step; it is done several times. */
export async function startSeconds(threads: number, times: number): Promise<{ first: number; later: number[] }> {
  const seconds: number[] = [];
  for (let run = 0; run < times; run += 1) {
    const begin = performance.now();
    const worker = await startWorker(subjectOf('fp32'), threads);
    await worker.run('train');
    seconds.push((performance.now() - begin) / 1000);
    await worker.close();
  }
  const [first, ...later] = seconds;
  return { first: first!, later };
}

/** Median of the starts after the first. */
export function laterStart({ later }: { readonly later: readonly number[] }): number {
  return median(later);
}

async function withBoth<T>(
  theirs: PeerProcess,
  subject: BenchSubject,
  threads: number,
  use: (theirs: PeerProcess, ours: BenchWorker) => Promise<T>,
): Promise<T> {
  try {
    const ours = await startWorker(subject, threads);
    try {
      return await use(theirs, ours);
    } finally {
      await ours.close();
    }
  } finally {
    await theirs.close();
  }
}
