import type { Command } from 'commander';
import { checkOwn, checkSharing, type Devices } from '../../../contract/devices.ts';
import { precisionNames } from '../../../contract/precision.ts';
import { DEVICES_HELP, devicesNamed, wholeNumber } from '../arguments.ts';
import { measureDevices } from '../bench/devices.ts';
import { measure, type BenchResult } from '../bench/measure.ts';
import { measureParts } from '../bench/parts.ts';
import { benchWords, devicesWords, partsWords } from '../bench/report.ts';
import { withoutService } from '../command.ts';
import { measuredWords, readMeasured, type MeasuredNetwork, type MeasuredOptions } from '../measured-network.ts';
import { addNetworkOptions } from '../network-options.ts';
import type { Output } from '../output.ts';

/** No round of turns begins after this; large networks take longer than that for one. */
const LIMIT_SECONDS = 120;

/** Drawings and steps shorter than this are repeated within a turn. */
const TURN_SECONDS = 1;

interface BenchOptions extends MeasuredOptions {
  readonly rounds: string;
  readonly devices?: string;
}

/** `edm2 bench`: how fast a network trains and draws on this machine, without a library. */
export function addBench(program: Command): void {
  const command = program.command('bench').description('measure how fast a network trains and draws on this machine');
  addNetworkOptions(command, { classes: 10, example: 'grid.sampler.steps=32' });
  command
    .option('--precision <name>', `of the activations: ${precisionNames}`, 'fp32')
    .option('--threads <n>', "of TensorFlow's kernels; default: one per physical core")
    .option('--micro-batch <n>', 'compare training in micro-batches of so many images with the batch at once')
    .option('--devices <list>', `compare training on devices ${DEVICES_HELP} with one of them`)
    .option('--rounds <n>', 'turns of each measurement', '7')
    .action(async (options: BenchOptions, command: Command) => {
      await withoutService(command, (output) => bench(output, options));
    });
}

async function bench(output: Output, options: BenchOptions): Promise<void> {
  const asked = readOptions(options);
  const { subject, threads, rounds, preset, rung } = asked;
  const { training } = subject.config;
  output.say(measuredWords(asked));
  const onProgress = (share: number, words: string): void => output.progress(share, words);
  const limits = { rounds, limitSeconds: LIMIT_SECONDS, warmUps: 2, turnSeconds: TURN_SECONDS };
  const told = { preset, rung, shape: subject.shape, precision: training.precision, threads };
  if (asked.devices !== null) {
    const result = await measureDevices({ ...subject, devices: asked.devices }, threads, limits, onProgress);
    output.event('bench', { ...told, ...result });
    output.say(onDevice(result));
    output.say(devicesWords(result));
  } else if (training.microBatch === null) {
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

/** @throws {AppError} 'invalid-input' for what can't be meant */
export function readOptions(
  options: BenchOptions,
): MeasuredNetwork & { readonly rounds: number; readonly devices: Devices | null } {
  const measured = readMeasured(options);
  const devices = options.devices === undefined ? null : devicesNamed(options.devices);
  checkOwn(devices);
  checkSharing(devices, measured.subject.config.training.batchSize, 'graph');
  return { ...measured, devices, rounds: wholeNumber(options.rounds, '--rounds', 1000) };
}
