import { planNetwork } from '../../contract/architecture.ts';
import type { DataShape, NetworkConfig } from '../../contract/network.ts';
import { countOperations, totalOperations } from '../../contract/operations.ts';
import { imagesAtOnce } from '../../contract/micro-batch.ts';
import type { TrainingConfig } from '../../contract/training.ts';
import type { MeasuredSpeed } from '../store/runs.ts';

/** What decides how fast a step is. */
export interface Workload {
  readonly network: NetworkConfig;
  readonly shape: DataShape;
  readonly training: Pick<TrainingConfig, 'batchSize' | 'microBatch' | 'precision'>;
}

/** Speed goes with multiply-adds only so far: small networks spend their time between kernels, large ones in them. */
const FARTHEST_NETWORK = 4;

/** Batches may differ by this factor before their speeds have little to do with each other. */
const FARTHEST_BATCH = 2;

/**
 * Images per second to expect: those of the newest run of the same network, batch and precision, else those of the
 * newest one near enough, by the ratio of multiply-adds.
 *
 * @param measured newest first
 * @throws {AppError} 'invalid-input' if there is no such network
 */
export function expectedSpeed(
  wanted: Workload,
  measured: readonly MeasuredSpeed[],
): { imagesPerSecond: number | null; scaled: boolean } {
  const operations = operationsOf(wanted);
  const candidates = measured
    .map(({ config, shape, imagesPerSecond, microBatch }) => ({
      network: config.network,
      shape,
      training: { ...config.training, microBatch },
      imagesPerSecond,
    }))
    .filter(({ training }) => training.precision === wanted.training.precision);
  const same = candidates.find((run) => isSame(run, wanted));
  if (same !== undefined) return { imagesPerSecond: same.imagesPerSecond, scaled: false };
  for (const run of candidates) {
    const ratio = operationsOf(run) / operations;
    if (near(ratio, FARTHEST_NETWORK) && near(atOnce(run) / atOnce(wanted), FARTHEST_BATCH)) {
      return { imagesPerSecond: run.imagesPerSecond * ratio, scaled: true };
    }
  }
  return { imagesPerSecond: null, scaled: false };
}

function isSame(a: Workload, b: Workload): boolean {
  return (
    a.shape.resolution === b.shape.resolution &&
    a.shape.channels === b.shape.channels &&
    a.training.batchSize === b.training.batchSize &&
    atOnce(a) === atOnce(b) &&
    JSON.stringify(a.network) === JSON.stringify(b.network)
  );
}

function atOnce({ training }: Workload): number {
  return imagesAtOnce(training);
}

function operationsOf({ network, shape }: Workload): number {
  return totalOperations(countOperations(planNetwork(network, shape))).total;
}

function near(ratio: number, factor: number): boolean {
  return ratio >= 1 / factor && ratio <= factor;
}
