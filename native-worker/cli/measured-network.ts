import { AppError } from '../../contract/errors.ts';
import type { RungName } from '../../contract/ladder.ts';
import { imagesAtOnce, microBatchProblem } from '../../contract/micro-batch.ts';
import type { DataShape } from '../../contract/network.ts';
import { Precision, precisionNames } from '../../contract/precision.ts';
import type { RunConfig, TrainingConfig } from '../../contract/training.ts';
import { wholeNumber } from './arguments.ts';
import { readNetwork, type NetworkOptions } from './network-options.ts';

/** Options of a network whose speed is measured, without a library. */
export interface MeasuredOptions extends NetworkOptions {
  readonly precision: string;
  readonly threads?: string;
  readonly microBatch?: string;
}

/** What is measured. */
export interface MeasuredNetwork {
  readonly preset: string;
  readonly rung: RungName;
  readonly subject: { readonly config: RunConfig; readonly shape: DataShape };
  /** null: one per physical core. */
  readonly threads: number | null;
}

/** @throws {AppError} 'invalid-input' for what can't be meant */
export function readMeasured(options: MeasuredOptions): MeasuredNetwork {
  const precision = Precision.safeParse(options.precision);
  if (!precision.success) {
    throw new AppError('invalid-input', `--precision is ${precisionNames}, not "${options.precision}".`);
  }
  const { preset, rung, config, shape } = readNetwork(options);
  const training = { ...config.training, ...batches(config.training, options.microBatch), precision: precision.data };
  return {
    ...{ preset, rung, subject: { config: { ...config, training }, shape } },
    threads: options.threads === undefined ? null : wholeNumber(options.threads, '--threads', 1024),
  };
}

/** Unless micro-batches are asked for, a batch is what goes through the network at once. */
function batches(
  training: TrainingConfig,
  asked: string | undefined,
): { batchSize: number; microBatch: number | null } {
  if (asked === undefined) return { batchSize: imagesAtOnce(training), microBatch: null };
  const { batchSize } = training;
  const microBatch = wholeNumber(asked, '--micro-batch', batchSize - 1);
  const problem = microBatchProblem({ batchSize, microBatch });
  if (problem !== null) throw new AppError('invalid-input', `--micro-batch: ${problem}.`);
  return { batchSize, microBatch };
}

/** The network in a sentence. */
export function measuredWords({ preset, rung, subject }: MeasuredNetwork): string {
  const { network, training } = subject.config;
  const { resolution, labelDim } = subject.shape;
  const classes = labelDim === 0 ? 'no classes' : `${labelDim} classes`;
  return (
    `Preset ${preset} in configuration ${rung}: ${network.modelChannels} channels, ${resolution}×${resolution} pictures, ` +
    `${classes}, batch ${training.batchSize}, ${training.precision}.`
  );
}
