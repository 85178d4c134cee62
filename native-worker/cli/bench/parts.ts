import { planNetwork } from '../../../contract/architecture.ts';
import type { BenchSubject } from '../../../contract/bench.ts';
import { estimateMemory } from '../../../contract/memory.ts';
import { machineMemory } from '../../engine/runtime/memory.ts';
import { processorInWords } from '../../engine/runtime/processor.ts';
import { allQuiet, alternate, type RoundOptions, type Timing } from './rounds.ts';
import { startWorker } from './worker.ts';

/** A training step in one of the ways that are compared. */
export interface StepInUse {
  readonly time: Timing;
  readonly imagesPerSecond: number;
  /** Resident memory at its highest of a process that did nothing else, bytes. Of a GPU's memory it tells nothing. */
  readonly peakBytes: number;
}

/** What micro-batches cost and save. */
export interface PartsResult {
  readonly device: string;
  readonly processor: string;
  readonly tensorflow: string;
  readonly batch: number;
  readonly microBatch: number;
  /** The batch in micro-batches. */
  readonly cut: StepInUse;
  /** The batch at once; null: it is estimated not to fit into memory. */
  readonly whole: StepInUse | null;
  /** A batch of as many images as a micro-batch. */
  readonly alone: StepInUse;
  /** Images a second in micro-batches ÷ at once. */
  readonly speedRatio: number | null;
  /** Peak memory in micro-batches ÷ that of a batch of their size. */
  readonly peakRatio: number;
  readonly quiet: boolean | null;
}

/**
 * Measures training in micro-batches, in turn with the batch at once and with a batch of the size of one.
 *
 * @param subject its training has a micro-batch smaller than the batch
 */
export async function measureParts(
  subject: BenchSubject,
  threads: number | null,
  options: Omit<RoundOptions, 'onTurn'>,
  onProgress: (share: number, words: string) => void,
): Promise<PartsResult> {
  const { config, shape } = subject;
  const { batchSize, microBatch } = config.training;
  const size = microBatch!;
  const withTraining = (training: { batchSize: number; microBatch: number | null }): BenchSubject => ({
    config: { ...config, training: { ...config.training, ...training } },
    shape,
  });
  const whole = withTraining({ batchSize, microBatch: null });
  const needed = estimateMemory(planNetwork(config.network, shape), whole.config.training).total;
  const subjects = [subject, withTraining({ batchSize: size, microBatch: null })];
  if (needed <= machineMemory()) subjects.push(whole);

  onProgress(0, 'preparing');
  const workers = await Promise.all(subjects.map((one) => startWorker(one, threads)));
  try {
    const entrants = workers.map((contender) => ({ contender, task: 'train' as const }));
    const times = await alternate(entrants, {
      ...options,
      onTurn: (done, all) => onProgress(done / all, 'training'),
    });
    const [cut, alone, atOnce] = workers.map((worker, index): StepInUse => {
      const time = times[index]!;
      const images = subjects[index]!.config.training.batchSize;
      return { time, imagesPerSecond: images / time.median, peakBytes: worker.peakBytes };
    });
    const { device, tensorflow } = workers[0]!;
    return {
      ...{ device, tensorflow, processor: processorInWords(), batch: batchSize, microBatch: size },
      ...{ cut: cut!, alone: alone!, whole: atOnce ?? null },
      speedRatio: atOnce === undefined ? null : cut!.imagesPerSecond / atOnce.imagesPerSecond,
      peakRatio: cut!.peakBytes / alone!.peakBytes,
      quiet: allQuiet(times),
    };
  } finally {
    for (const worker of workers) await worker.close();
  }
}
