import type { Command } from 'commander';
import type { Across } from '../../../contract/machines.ts';
import { listJobs } from '../../../contract/jobs.ts';
import type { Devices } from '../../../contract/devices.ts';
import { runDynamics, unpackDynamics } from '../../../contract/dynamics-table.ts';
import { runFindings } from '../../../contract/findings.ts';
import {
  getRun,
  listRuns,
  pauseRun,
  resumeRun,
  runSnapshots,
  runTicks,
  stopRun,
  type RunSummary,
} from '../../../contract/runs.ts';
import { progressWords } from '../../../contract/time-left.ts';
import { MOST_BATCH, MOST_IMAGES } from '../../../contract/training.ts';
import { bytes, duration, images, speed } from '../../../contract/units.ts';
import { ALL_DEVICES_HELP, devicesNamed, ENGINE_HELP, engineNamed, findRun, wholeNumber } from '../arguments.ts';
import { withTasks } from '../cluster/together.ts';
import { withService, type CommandContext } from '../command.ts';
import { endingSentence } from '../ending.ts';
import { acrossFrom, areGiven, addMachineOptions, addMachines, type MachineOptions } from '../machine-options.ts';
import { threeDigits } from '../words.ts';
import { magnitudeChange, magnitudeWords } from './run-magnitudes.ts';
import { addRunsEdit } from './runs-edit.ts';
import { addRunsList, listAll } from './runs-list.ts';
import { follow } from './train.ts';

/** `edm2 runs`: lists runs; its subcommands look at one, pause, resume, continue and stop it. */
export function addRuns(program: Command): void {
  const runs = program
    .command('runs')
    .description('list the runs; see also runs list, show, edit, pause, resume, continue, stop')
    .action(async (_options: unknown, command: Command) => {
      await withService(command, () => null, listAll);
    });
  addRunsList(runs);
  addRunsEdit(runs);
  const one = (name: string, description: string): Command =>
    runs.command(name).description(description).argument('<run>', 'name or id');
  one('show', 'tell all about a run')
    .option('--magnitudes', 'also how its weights and activations grew')
    .action(async (wanted: string, options: { magnitudes?: boolean }, command: Command) => {
      await withService(
        command,
        () => wanted,
        async (context) => {
          const run = await chosen(context, wanted);
          await show(context, run.id);
          if (options.magnitudes === true) await showMagnitudes(context, run.id);
          return undefined;
        },
      );
    });
  const ending = (how: 'pause' | 'stop', description: string): void => {
    one(how, description).action(async (wanted: string, _options: unknown, command: Command) => {
      await withService(
        command,
        () => wanted,
        async (context) => {
          const run = await chosen(context, wanted);
          await context.client.call(how === 'pause' ? pauseRun : stopRun, { id: run.id });
          context.output.event(how === 'pause' ? 'pausing' : 'stopping', { runId: run.id });
          context.output.say(endingSentence(run, how));
          return undefined;
        },
      );
    });
  };
  ending('pause', 'write a checkpoint and pause a run');
  ending('stop', 'write a checkpoint and a last snapshot and end a run; resume goes on all the same');
  addGoingOn(one('resume', 'go on with a run that is paused, stopped or failed, and show its progress'));
  addGoingOn(
    one('continue', 'give a run more images, a finished one, too, and show its progress').requiredOption(
      '--images <n>',
      'how many it is to see in all, more than it has seen',
    ),
  );
}

/** What `runs resume` and `runs continue` do: the run goes on from its newest checkpoint. */
function addGoingOn(command: Command): void {
  command
    .option('--detach', 'return at once; the run goes on in the background')
    .option('--engine <name>', ENGINE_HELP, 'graph')
    .option('--devices <list>', `${ALL_DEVICES_HELP}, from now on; settings: the device of the settings`)
    .option('--micro-batch <n>', 'images that go through the network at once, from now on; all: a whole batch');
  addMachineOptions(command).action(async (wanted: string, options: GoingOnOptions, own: Command) => {
    await withTasks(
      own,
      options,
      () => ({
        engine: engineNamed(options.engine),
        ...(options.images === undefined
          ? {}
          : { durationImages: wholeNumber(options.images, '--images', MOST_IMAGES) }),
        ...microBatchNamed(options.microBatch),
        ...devicesOf(options),
      }),
      async (context, asked, gathered) => {
        const run = await chosen(context, wanted);
        const how =
          gathered === null
            ? { ...asked, ...acrossAsBefore(options, run) }
            : { ...asked, devices: gathered.devices, across: gathered.across };
        if (gathered === null) await addMachines(context.client, how.devices === undefined ? run.devices : how.devices);
        const { jobId } = await context.client.call(resumeRun, { id: run.id, ...how });
        context.output.event('run', { runId: run.id, jobId, name: run.name });
        if (options.detach !== true) return follow(context, run.id, jobId);
        context.output.say(`Run ${run.id} goes on in the background.`);
        return undefined;
      },
    );
  });
}

interface GoingOnOptions extends MachineOptions {
  /** New total. */
  readonly images?: string;
  readonly detach?: boolean;
  readonly engine: string;
  readonly microBatch?: string;
  readonly devices?: string;
}

/** Absent: as before. */
function devicesOf(options: GoingOnOptions): { devices?: Devices | null; across?: Across | null } {
  const { devices: text } = options;
  if (text === undefined) return {};
  const devices = text === 'settings' ? null : devicesNamed(text);
  return { devices, across: acrossFrom(options, devices) };
}

/** How the machines of a run take part from now on, where its devices stay. Absent: as before. */
function acrossAsBefore(options: GoingOnOptions, { devices }: RunSummary): { across?: Across | null } {
  return options.devices === undefined && areGiven(options) ? { across: acrossFrom(options, devices) } : {};
}

function microBatchNamed(text: string | undefined): { microBatch?: number | null } {
  if (text === undefined) return {};
  return { microBatch: text === 'all' ? null : wholeNumber(text, '--micro-batch', MOST_BATCH) };
}

async function chosen({ client }: CommandContext, wanted: string): Promise<RunSummary> {
  return findRun(wanted, await client.call(listRuns, { trashed: false }));
}

/** Before each finding. */
const marks = { good: '✓', warn: '!', bad: '✗' } as const;

async function show({ client, output }: CommandContext, id: number): Promise<void> {
  const run = await client.call(getRun, { id });
  const { snapshots, checkpoints } = await client.call(runSnapshots, { id });
  const ticks = await client.call(runTicks, { id, maxPoints: 10 });
  const findings = await client.call(runFindings, { id });
  const job = (await client.call(listJobs, {})).find(
    ({ runId, kind, state }) => runId === id && kind === 'train' && state === 'running',
  );
  const drawing = job?.progress ?? null;
  output.event('run', { ...run, snapshots, checkpoints, drawing, findings });
  const seconds = ticks.trainSeconds.at(-1);
  const size = [...snapshots, ...checkpoints].reduce((sum, file) => sum + file.sizeBytes, 0);
  const lines: (readonly [string, string | null])[] = [
    ['Run', `${run.id} "${run.name}"`],
    ['State', drawing === null ? run.state : `${run.state}. ${progressWords(drawing)}`],
    ['Error', run.error],
    ['Dataset', run.datasetName],
    ['Preset', run.preset],
    ['Network', `${threeDigits(run.parameters / 1e6)} M parameters, ${run.shape.resolution}×${run.shape.resolution}`],
    [
      'Micro-batch',
      run.microBatch === null ? null : `${run.microBatch} of a batch of ${run.config.training.batchSize}`,
    ],
    ['Devices', run.devices === null ? null : run.devices.join(', ')],
    ['Seen', `${images(run.nimg)} of ${images(run.durationImages)}`],
    ['Loss', run.lastLoss === null ? null : threeDigits(run.lastLoss)],
    ['Speed', run.imagesPerSecond === null ? null : speed(run.imagesPerSecond)],
    ['Trained for', seconds === undefined ? null : duration(seconds)],
    ['Device', run.device],
    [
      'Snapshots',
      snapshots.length === 0 ? 'none yet' : `${snapshots.length}, newest at ${images(snapshots.at(-1)!.nimg)}`,
    ],
    ['On disk', bytes(size)],
  ];
  for (const [name, value] of lines) if (value !== null) output.say(`${name.padEnd(12)} ${value}`);
  if (findings.length > 0) output.say('');
  for (const { tone, text } of findings) output.say(`${marks[tone]} ${text}`);
}

async function showMagnitudes({ client, output }: CommandContext, id: number): Promise<void> {
  const tables = await Promise.all(
    (['weight', 'activation'] as const).map((kind) => client.call(runDynamics, { id, kind, maxColumns: 10 })),
  );
  const changes = tables
    .map(unpackDynamics)
    .map(magnitudeChange)
    .filter((change) => change !== null);
  for (const change of changes) output.event('magnitudes', { runId: id, ...change });
  output.say(changes.length === 0 ? '\nNo magnitudes yet.' : `\n${magnitudeWords(changes)}`);
}
