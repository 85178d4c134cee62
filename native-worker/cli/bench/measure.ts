import { planNetwork } from '../../../contract/architecture.ts';
import type { BenchSubject, BenchTask } from '../../../contract/bench.ts';
import { countOperations, totalOperations } from '../../../contract/operations.ts';
import { processorInWords } from '../../engine/runtime/processor.ts';
import { allQuiet, alternate, type RoundOptions, type Timing } from './rounds.ts';
import { startWorker } from './worker.ts';

/** The speed of one thing that a network is used for. */
export interface Speed {
  /** Of a training step, or of drawing a batch; seconds. */
  readonly time: Timing;
  readonly imagesPerSecond: number;
  /** Billions of floating-point operations: two a multiply-add, of which `countOperations` tells the number. */
  readonly gflopPerSecond: number;
  /** Of the network's convolutions alone, as often as `time` has them; seconds. */
  readonly convolutions: Timing;
  /** Median of `convolutions` ÷ median of `time`: 1 would be the bound. */
  readonly share: number;
  /** Resident memory at its highest of a process that did nothing else, bytes. Of a GPU's memory it tells nothing. */
  readonly peakBytes: number;
}

export interface BenchResult {
  readonly device: string;
  readonly processor: string;
  readonly tensorflow: string;
  readonly batch: number;
  /** Network evaluations of a training step count as three: one forward, twice as many operations backward. */
  readonly train: Speed;
  /** Heun's steps and network evaluations of a drawing. */
  readonly steps: number;
  readonly evaluations: number;
  readonly sample: Speed;
  /** Whether other processes left the machine alone; null: this system doesn't tell. */
  readonly quiet: boolean | null;
}

/** A training step counts as so many evaluations of the network. */
const TRAINING_EVALUATIONS = 3;

/** Measures a network in use, and its convolutions alone in turn with it. */
export async function measure(
  subject: BenchSubject,
  threads: number | null,
  options: Omit<RoundOptions, 'onTurn'>,
  onProgress: (share: number, words: string) => void,
): Promise<BenchResult> {
  const { batchSize } = subject.config.training;
  const { steps } = subject.config.grid.sampler;
  const evaluations = 2 * steps - 1;
  const plan = planNetwork(subject.config.network, subject.shape);
  const flop = 2 * batchSize * totalOperations(countOperations(plan)).total;
  let device = '';
  let tensorflow = '';

  const speed = async (task: BenchTask, alone: BenchTask, passes: number, begin: number): Promise<Speed> => {
    const words = task === 'train' ? 'training' : 'drawing';
    onProgress(begin, `preparing: ${words}`);
    const worker = await startWorker(subject, threads);
    ({ device, tensorflow } = worker);
    try {
      const bound = await startWorker(subject, threads);
      try {
        const entrants = [
          { contender: worker, task },
          { contender: bound, task: alone },
        ];
        const onTurn = (done: number, all: number): void => onProgress(begin + (0.5 * done) / all, words);
        const [time, single] = await alternate(entrants, { ...options, onTurn });
        const convolutions = task === 'sample' ? times(single!, evaluations) : single!;
        return {
          time: time!,
          imagesPerSecond: batchSize / time!.median,
          gflopPerSecond: (passes * flop) / time!.median / 1e9,
          convolutions,
          share: convolutions.median / time!.median,
          peakBytes: worker.peakBytes,
        };
      } finally {
        await bound.close();
      }
    } finally {
      await worker.close();
    }
  };

  const train = await speed('train', 'train-convolutions', TRAINING_EVALUATIONS, 0);
  const sample = await speed('sample', 'sample-convolutions', evaluations, 0.5);
  return {
    ...{ device, tensorflow, processor: processorInWords(), batch: batchSize, steps, evaluations, train, sample },
    quiet: allQuiet([train.time, train.convolutions, sample.time, sample.convolutions]),
  };
}

function times(timing: Timing, factor: number): Timing {
  const { median, min, max, turns, processorSeconds } = timing;
  return {
    ...timing,
    median: factor * median,
    min: factor * min,
    max: factor * max,
    turns: turns.map((seconds) => factor * seconds),
    processorSeconds: processorSeconds === null ? null : factor * processorSeconds,
  };
}
