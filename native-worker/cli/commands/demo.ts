import { resolve } from 'node:path';
import type { Command } from 'commander';
import { listDatasets, type Dataset } from '../../../contract/datasets.ts';
import { AppError } from '../../../contract/errors.ts';
import { findPreset } from '../../../contract/presets.ts';
import {
  createRun,
  getRun,
  listRuns,
  resumeRun,
  runSnapshots,
  type Run,
  type RunSummary,
} from '../../../contract/runs.ts';
import { generate, listSamples } from '../../../contract/samples.ts';
import { MOST_IMAGES } from '../../../contract/training.ts';
import { listJobs } from '../../../contract/jobs.ts';
import { duration, images, speed } from '../../../contract/units.ts';
import { LONGEST_TIMER_MS, positiveNumber, wholeNumber } from '../arguments.ts';
import { EXIT_INTERRUPTED, withService, type CommandContext } from '../command.ts';
import { followJob } from '../follow-job.ts';
import { followRun } from '../follow-run.ts';
import { checkTarget, saveSheet } from '../save-file.ts';

const PRESET = 'demo';
const RUN_NAME = 'Demo';
const DEFAULT_MINUTES = 10;

/** As long as a timer may run. */
const MAX_MINUTES = Math.floor(LONGEST_TIMER_MS / 60_000);

interface DemoOptions {
  readonly images?: string;
  readonly minutes?: string;
  readonly out: string;
}

/** `edm2 demo`: trains a small network on the emoji that ship with the app and draws with it. */
export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('train a small network on the emoji that ship with the app, and draw with it')
    .option('--images <n>', 'stop after this many training images, however long that takes')
    .option('--minutes <m>', `train this long; default: ${DEFAULT_MINUTES}, or no limit with --images`)
    .option('--out <file>', 'where the pictures go', 'edm2-demo.png')
    .action(async (options: DemoOptions, command: Command) => {
      await withService(command, () => readOptions(options), demo);
    });
}

interface Asked {
  /** Training images at the end; null: as many as the time allows. */
  readonly goal: number | null;
  /** null: as long as it takes. */
  readonly minutes: number | null;
  readonly file: string;
}

function readOptions(options: DemoOptions): Asked {
  const goal = options.images === undefined ? null : wholeNumber(options.images, '--images', MOST_IMAGES);
  const usual = goal === null ? DEFAULT_MINUTES : null;
  const minutes = options.minutes === undefined ? usual : positiveNumber(options.minutes, '--minutes', MAX_MINUTES);
  const file = resolve(options.out);
  checkTarget(file);
  return { goal, minutes, file };
}

async function demo(context: CommandContext, { goal, minutes, file }: Asked): Promise<number | undefined> {
  const { output } = context;
  const dataset = await demoDataset(context);
  const { run, jobId } = await startOrGoOn(context, dataset, goal);
  const limit = minutes === null ? '' : ` for at most ${duration(minutes * 60)}`;
  const begun = run.nimg > 0 ? `goes on at ${images(run.nimg)}` : 'starts';
  output.event('run', { runId: run.id, jobId, name: run.name, nimg: run.nimg, durationImages: run.durationImages });
  output.say(
    `Run ${run.id} "${run.name}" ${begun}: ${images(goal ?? run.durationImages)} of ${dataset.count} pictures${limit}.`,
  );
  const started = performance.now();
  const followed = await followRun(context, {
    runId: run.id,
    jobId,
    seconds: minutes === null ? null : minutes * 60,
    images: goal,
    goOnWith: 'edm2 demo',
  });
  const seconds = (performance.now() - started) / 1000;
  if (followed.interrupted) {
    output.event('ended', { runId: run.id, state: followed.run.state, nimg: followed.run.nimg });
    output.say(`Paused at ${images(followed.run.nimg)}. \`edm2 demo\` goes on from there.`);
    return EXIT_INTERRUPTED;
  }
  const seen = followed.run.nimg - run.nimg;
  output.say(`Saw ${images(seen)} in ${duration(seconds)} (${speed(seen / seconds)}, all things included).`);
  await writeGrid(context, followed.run, dataset, file);
  output.event('ended', { runId: run.id, state: followed.run.state, nimg: followed.run.nimg, seconds });
  if (followed.run.state === 'paused') output.say('`edm2 demo` goes on from here.');
  return undefined;
}

/** The set that ships with the app; the service adds it to every new library. */
async function demoDataset({ client }: CommandContext): Promise<Dataset> {
  const datasets = await client.call(listDatasets, {});
  const found = datasets.find((dataset) => dataset.source === 'Ships with EDM2 Studio');
  if (found !== undefined) return found;
  throw new AppError(
    'not-found',
    'The demo set is not in this library. Name a new library with --library, or train on your own pictures with `edm2 train`.',
  );
}

/** The newest demo run that still has something to learn, or a new one. */
async function startOrGoOn(
  { client }: CommandContext,
  dataset: Dataset,
  goal: number | null,
): Promise<{ run: Run; jobId: number }> {
  const fits = (run: RunSummary): boolean =>
    run.preset === PRESET &&
    run.datasetId === dataset.id &&
    run.name === RUN_NAME &&
    (run.state === 'queued' || run.state === 'running' || run.state === 'paused' || run.state === 'failed') &&
    run.nimg < (goal ?? run.durationImages) &&
    (goal ?? 0) <= run.durationImages;
  const found = (await client.call(listRuns, { trashed: false })).find(fits);
  if (found === undefined) {
    const { config } = findPreset(PRESET)!;
    const durationImages = goal ?? config.training.durationImages;
    const { runId, jobId } = await client.call(createRun, {
      name: RUN_NAME,
      datasetId: dataset.id,
      config: { ...config, training: { ...config.training, durationImages } },
    });
    return { run: await client.call(getRun, { id: runId }), jobId };
  }
  const run = await client.call(getRun, { id: found.id });
  if (found.state === 'paused' || found.state === 'failed') {
    return { run, jobId: (await client.call(resumeRun, { id: found.id })).jobId };
  }
  const job = (await client.call(listJobs, {})).find(({ kind, runId }) => kind === 'train' && runId === found.id);
  if (job === undefined)
    throw new AppError('conflict', `Run ${found.id} is ${found.state}, but nothing trains it; stop it and try again.`);
  return { run, jobId: job.id };
}

/** The run's own last grid if it is of this moment, else one drawn from the newest snapshot with the same seeds. */
async function writeGrid(context: CommandContext, run: Run, dataset: Dataset, file: string): Promise<void> {
  const { client, output } = context;
  const grids = await client.call(listSamples, { runId: run.id, origin: 'grid' });
  const newest = grids.at(-1);
  const sampleId = newest?.nimg === run.nimg ? newest.id : await drawNow(context, run, dataset);
  await saveSheet(client, sampleId, file);
  output.event('sample', { sampleId, runId: run.id, nimg: run.nimg, file });
  output.say(`Wrote ${file}: rows are ${dataset.classes.join(', ')}.`);
}

async function drawNow(context: CommandContext, run: Run, dataset: Dataset): Promise<number> {
  const { client, output } = context;
  const { columns, sigmaRel, sampler } = run.config.grid;
  const { snapshots } = await client.call(runSnapshots, { id: run.id });
  const snapshot = snapshots.findLast((candidate) => candidate.sigmaRel === sigmaRel);
  if (snapshot === undefined)
    throw new AppError('not-found', 'The run ended before it had anything to draw with. Give it more time.');
  const labels = dataset.classes.flatMap((_, label) => Array.from({ length: columns }, () => label));
  const seeds = labels.map((_, index) => index % columns);
  output.say(`Drawing ${seeds.length} pictures.`);
  const model = { kind: 'snapshot', snapshotId: snapshot.id } as const;
  const { jobId } = await client.call(generate, { model, seeds, labels, columns, sampler });
  const { sampleId } = await followJob(context, jobId);
  return sampleId!;
}
