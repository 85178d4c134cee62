import type { Command } from 'commander';
import { AppError } from '../../../contract/errors.ts';
import { precisionNames } from '../../../contract/precision.ts';
import {
  choiceInWords,
  fastestFirst,
  findTuning,
  startTuning,
  TUNING_SECONDS,
  type Tuning,
  type TuningSubject,
} from '../../../contract/tuning.ts';
import { bytes, duration } from '../../../contract/units.ts';
import { DEVICES_HELP, devicesNamed, wholeNumber } from '../arguments.ts';
import { withService, type CommandContext } from '../command.ts';
import { followJob } from '../follow-job.ts';
import { measuredWords, readMeasured, type MeasuredNetwork, type MeasuredOptions } from '../measured-network.ts';
import { addNetworkOptions } from '../network-options.ts';
import { table, threeDigits } from '../words.ts';

interface TuneOptions extends Omit<MeasuredOptions, 'threads' | 'microBatch'> {
  readonly seconds: string;
  readonly devices?: string;
}

type Asked = Omit<MeasuredNetwork, 'subject'> & { readonly subject: TuningSubject; readonly seconds: number };

/** `edm2 tune`: tries out how to train a network on this machine, and keeps what was measured in the library. */
export function addTune(program: Command): void {
  const command = program
    .command('tune')
    .description(
      'try out how to train a network here: precision, micro-batch, threads; the New run page uses the figures',
    );
  addNetworkOptions(command, { classes: 10, example: 'training.batchSize=64' });
  command
    .option('--precision <name>', `what is measured first: ${precisionNames}`, 'fp32')
    .option('--devices <list>', `${DEVICES_HELP}; default: the device of the settings`)
    .option('--seconds <n>', 'how long it may take', String(TUNING_SECONDS))
    .action(async (options: TuneOptions, command: Command) => {
      await withService(command, () => readTuneOptions(options), tune);
    });
}

/** @throws {AppError} 'invalid-input' for what can't be meant */
export function readTuneOptions(options: TuneOptions): Asked {
  const seconds = wholeNumber(options.seconds, '--seconds', 7200, 10);
  const measured = readMeasured(options);
  if (options.devices === undefined) return { ...measured, seconds };
  return { ...measured, subject: { ...measured.subject, devices: devicesNamed(options.devices) }, seconds };
}

async function tune(context: CommandContext, asked: Asked): Promise<undefined> {
  const { client, output } = context;
  const { preset, rung, subject, seconds } = asked;
  output.say(`${measuredWords(asked)} This takes ${duration(seconds)} at most.`);
  const { jobId } = await client.call(startTuning, { subject, seconds });
  const cancelled = await followJob(context, jobId).then(
    () => false,
    (error: unknown) => {
      if (!(error instanceof AppError) || error.code !== 'cancelled') throw error;
      return true;
    },
  );
  const tuning = await client.call(findTuning, { subject });
  if (tuning === null) {
    throw new AppError(cancelled ? 'cancelled' : 'runtime', 'Nothing was measured. Give it more time with --seconds.');
  }
  output.event('tuning', { preset, rung, ...tuning });
  output.say(tuningWords(tuning));
  if (cancelled) throw new AppError('cancelled', 'Cancelled; what was measured is kept.');
  return undefined;
}

/** What was measured, the fastest first, as a table and a sentence. */
export function tuningWords({ device, driver, tensorflow, results, complete }: Tuning): string {
  const known = fastestFirst(results);
  const rows = known.map(({ choice, measured }) => [
    choiceInWords(choice),
    threeDigits(measured.imagesPerSecond),
    `${threeDigits(measured.firstStepSeconds)} s`,
    bytes(measured.hostBytes),
    measured.deviceBytes === null ? '–' : bytes(measured.deviceBytes),
  ]);
  const failed = results.flatMap(({ choice, problem }) =>
    problem === null ? [] : [`${choiceInWords(choice)}: ${problem}`],
  );
  return [
    `On: ${device}${driver === null ? '' : `, driver ${driver}`}, TensorFlow ${tensorflow}.`,
    table(['', 'img/s', 'first step', 'memory', 'of the card'], rows, [1, 2, 3, 4]),
    ...failed,
    complete ? 'Everything that seemed sensible was measured.' : 'The time was over before everything was measured.',
  ].join('\n\n');
}
