import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import {
  listProfiles,
  measureStep,
  profileAdded,
  type KeptProfile,
  type Profile,
  type ProfiledWork,
} from '../../../contract/profile.ts';
import { AppError } from '../../../contract/errors.ts';
import { runChanged } from '../../../contract/events.ts';
import { listRuns, type RunSummary } from '../../../contract/runs.ts';
import { precisionNames } from '../../../contract/precision.ts';
import { images } from '../../../contract/units.ts';
import { findRun } from '../arguments.ts';
import { withoutService, withService, type CommandContext } from '../command.ts';
import { deferred } from '../deferred.ts';
import { followJob } from '../follow-job.ts';
import { measuredWords, readMeasured, type MeasuredNetwork, type MeasuredOptions } from '../measured-network.ts';
import { addNetworkOptions } from '../network-options.ts';
import type { Output } from '../output.ts';
import { measureProfile } from '../profile/measure.ts';
import { profileWords } from '../profile/report.ts';
import { whileServed } from '../lost-service.ts';
import { checkTarget, saveText } from '../save-file.ts';

interface ProfileOptions extends MeasuredOptions {
  readonly run?: string;
  readonly sampling?: true;
  readonly trace?: string;
}

/** What a run says itself, or what its job was started with. */
const SAID_BY_RUN = [
  'preset',
  'rung',
  'resolution',
  'channels',
  'classes',
  'batch',
  'set',
  'precision',
  'threads',
  'microBatch',
];

/** `edm2 profile`: where the time of a step goes on this machine: of a run of the library, or without a library. */
export function addProfile(program: Command): void {
  const command = program.command('profile').description('trace one step and say where its time goes');
  addNetworkOptions(command, { classes: 10, example: 'network.numBlocks=2' });
  command
    .addOption(new Option('--run <name|id>', 'a step of this run, as it trains or draws').conflicts(SAID_BY_RUN))
    .option('--sampling', 'trace one evaluation of the network while it draws; default: a training step')
    .option('--precision <name>', `of the activations: ${precisionNames}`, 'fp32')
    .option('--threads <n>', "of TensorFlow's kernels; default: one per physical core")
    .option('--micro-batch <n>', 'train in micro-batches of so many images')
    .option('--trace <file>', 'where the trace goes, for Perfetto')
    .action(async (options: ProfileOptions, command: Command) => {
      const { run } = options;
      if (run === undefined) await withoutService(command, (output) => profile(output, readProfileOptions(options)));
      else
        await withService(
          command,
          () => readProfileOptions(options),
          (context, asked) => profileRun(context, run, asked),
        );
    });
}

interface Asked extends MeasuredNetwork {
  readonly work: ProfiledWork;
  /** null: nowhere. */
  readonly file: string | null;
}

/** @throws {AppError} 'invalid-input' for what can't be meant, 'forbidden' where the trace can't be written */
export function readProfileOptions(options: ProfileOptions): Asked {
  const file = options.trace === undefined ? null : resolve(options.trace);
  const asked: Asked = {
    ...readMeasured(options),
    work: options.sampling === true ? 'sampling' : 'training',
    file,
  };
  if (file !== null) checkTarget(file, '--trace');
  return asked;
}

async function profile(output: Output, asked: Asked): Promise<void> {
  const { preset, rung, subject, threads, work, file } = asked;
  output.say(measuredWords(asked));
  const onProgress = (share: number, words: string): void => output.progress(share, words);
  const { profile, tensorflow, trace } = await measureProfile({ ...subject, work }, threads, onProgress);
  if (file !== null) saveText(trace, file, '--trace');
  const told = { preset, rung, shape: subject.shape, precision: subject.config.training.precision, threads };
  output.event('profile', { ...told, tensorflow, file, ...profile });
  output.say(`On: ${profile.device}, TensorFlow ${tensorflow}.\n`);
  sayProfile(output, profile, file);
}

function sayProfile(output: Output, profile: Profile, file: string | null): void {
  output.say(profileWords(profile));
  if (file !== null) output.say(`\nWrote ${file}, which Perfetto opens.`);
}

async function profileRun(context: CommandContext, wanted: string, { work, file }: Asked): Promise<undefined> {
  const { client, output } = context;
  const run = findRun(wanted, await client.call(listRuns, { trashed: false }));
  const { id, nimg, profile } = await measureRun(context, run, work);
  if (file !== null) saveText((await client.file(`/files/profiles/${id}.json`)).toString('utf8'), file, '--trace');
  output.event('profile', { runId: run.id, nimg, file, ...profile });
  output.say(`Run "${run.name}" at ${images(nimg)}, on: ${profile.device}.\n`);
  sayProfile(output, profile, file);
  return undefined;
}

/**
 * A new measurement of a run. One that trains is waited for, as long as it trains.
 *
 * @throws {AppError} 'conflict' for a run that ends before it has measured, and what `measureStep` throws
 */
async function measureRun(context: CommandContext, run: RunSummary, work: ProfiledWork): Promise<KeptProfile> {
  const ifLost = `\`edm2 runs resume ${run.id}\` goes on with "${run.name}" if it trained; then measure again.`;
  return whileServed(context.client, ifLost, () => measure(context, run, work));
}

async function measure(context: CommandContext, { id, name }: RunSummary, work: ProfiledWork): Promise<KeptProfile> {
  const { client, output } = context;
  const found = deferred<KeptProfile | 'ended'>();
  const ends = [
    client.on(profileAdded, (kept) => {
      if (kept.runId === id && kept.profile.work === work) found.resolve(kept);
    }),
    client.on(runChanged, (run) => {
      if (run.id === id && run.state !== 'running') found.resolve('ended');
    }),
  ];
  try {
    const { jobId } = await client.call(measureStep, { runId: id, work });
    if (jobId !== null) {
      await followJob(context, jobId);
      return (await client.call(listProfiles, { runId: id }))[0]!;
    }
    output.say(`"${name}" trains and measures one of its next steps.`);
    const kept = await found.promise;
    if (kept === 'ended') {
      throw new AppError('conflict', `"${name}" ended before it had measured a step. Start the command again.`);
    }
    return kept;
  } finally {
    for (const end of ends) end();
  }
}
