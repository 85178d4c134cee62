import type { Command } from 'commander';
import { Precision } from '../../../contract/precision.ts';
import { AppError } from '../../../contract/errors.ts';
import type { RungName } from '../../../contract/ladder.ts';
import { imagesAtOnce, microBatchProblem } from '../../../contract/micro-batch.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import { wholeNumber } from '../arguments.ts';
import { measure, type BenchResult } from '../bench/measure.ts';
import { measureParts } from '../bench/parts.ts';
import { benchWords, partsWords } from '../bench/report.ts';
import { withoutService } from '../command.ts';
import { addNetworkOptions, readNetwork, type NetworkOptions } from '../network-options.ts';
import type { Output } from '../output.ts';

/** No round of turns begins after this; large networks take longer than that for one. */
const LIMIT_SECONDS = 120;

/** Drawings and steps shorter than this are repeated within a turn. */
const TURN_SECONDS = 1;

interface BenchOptions extends NetworkOptions {
  readonly precision: string;
  readonly threads?: string;
  readonly rounds: string;
  readonly microBatch?: string;
}

/** `edm2 bench`: how fast a network trains and draws on this machine, without a library. */
export function addBench(program: Command): void {
  const command = program.command('bench').description('measure how fast a network trains and draws on this machine');
  addNetworkOptions(command, { classes: 10, example: 'grid.sampler.steps=32' });
  command
    .option('--precision <name>', 'of the activations: fp32, bf16 or fp16', 'fp32')
    .option('--threads <n>', "of TensorFlow's kernels; default: one per physical core")
    .option('--micro-batch <n>', 'compare training in micro-batches of so many images with the batch at once')
    .option('--rounds <n>', 'turns of each measurement', '7')
    .action(async (options: BenchOptions, command: Command) => {
      await withoutService(command, (output) => bench(output, options));
    });
}

async function bench(output: Output, options: BenchOptions): Promise<void> {
  const { subject, threads, rounds, preset, rung } = readOptions(options);
  const { network, training } = subject.config;
  const { resolution, labelDim } = subject.shape;
  const classes = labelDim === 0 ? 'no classes' : `${labelDim} classes`;
  output.say(
    `Preset ${preset} in configuration ${rung}: ${network.modelChannels} channels, ${resolution}×${resolution} pictures, ` +
      `${classes}, batch ${training.batchSize}, ${training.precision}.`,
  );
  const onProgress = (share: number, words: string): void => output.progress(share, words);
  const limits = { rounds, limitSeconds: LIMIT_SECONDS, warmUps: 2, turnSeconds: TURN_SECONDS };
  const told = { preset, rung, shape: subject.shape, precision: training.precision, threads };
  if (training.microBatch === null) {
    const result = await measure(subject, threads, limits, onProgress);
    output.event('bench', { ...told, ...result });
    output.say(onDevice(result));
    output.say(benchWords(result));
  } else {
    const result = await measureParts(subject, threads, limits, onProgress);
    output.event('bench', { ...told, ...result });
    output.say(onDevice(result));
    output.say(partsWords(result));
  }
}

function onDevice({ device, processor, tensorflow }: Pick<BenchResult, 'device' | 'processor' | 'tensorflow'>): string {
  return `On: ${device} (${processor}), TensorFlow ${tensorflow}.\n`;
}

interface Asked {
  readonly preset: string;
  readonly rung: RungName;
  readonly subject: Parameters<typeof measure>[0];
  /** null: one per physical core. */
  readonly threads: number | null;
  readonly rounds: number;
}

/** Unless micro-batches are what is measured, a batch is what goes through the network at once. */
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

/** @throws {AppError} 'invalid-input' for what can't be meant */
export function readOptions(options: BenchOptions): Asked {
  const precision = Precision.safeParse(options.precision);
  if (!precision.success) {
    throw new AppError('invalid-input', `--precision is fp32, bf16 or fp16, not "${options.precision}".`);
  }
  const { preset, rung, config, shape } = readNetwork(options);
  const training = { ...config.training, ...batches(config.training, options.microBatch), precision: precision.data };
  return {
    ...{ preset, rung, subject: { config: { ...config, training }, shape } },
    threads: options.threads === undefined ? null : wholeNumber(options.threads, '--threads', 1024),
    rounds: wholeNumber(options.rounds, '--rounds', 1000),
  };
}
