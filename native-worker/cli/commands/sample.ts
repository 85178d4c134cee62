import type { Command } from 'commander';
import { AppError } from '../../../contract/errors.ts';
import { getDataset } from '../../../contract/datasets.ts';
import { getRun, listRuns, runSnapshots, type Snapshot } from '../../../contract/runs.ts';
import { generate } from '../../../contract/samples.ts';
import { SamplerConfig } from '../../../contract/training.ts';
import { classList, findRun, positiveNumber, seedList, wholeNumber } from '../arguments.ts';
import { withService, type CommandContext } from '../command.ts';
import { followJob } from '../follow-job.ts';
import { userPath } from '../paths.ts';
import { checkTarget, saveSheet } from '../save-sheet.ts';
import { images, pictures } from '../words.ts';

interface SampleOptions {
  readonly run: string;
  readonly nimg?: string;
  readonly ema?: string;
  readonly seeds: string;
  readonly classes?: string;
  readonly steps: string;
  readonly columns: string;
  readonly batch: string;
  readonly out: string;
}

/** `edm2 sample`: draws pictures with a snapshot of a run. */
export function addSample(program: Command): void {
  program
    .command('sample')
    .description('draw pictures with a snapshot of a run and write them as one PNG')
    .requiredOption('--run <name|id>', 'the run')
    .option('--nimg <images>', 'snapshot at this count of training images; default: the newest')
    .option('--ema <std>', 'sigma_rel of the average; default: the longest that is stored')
    .option('--seeds <list>', 'one picture a seed: 0-63, or 1,5,9', '0-63')
    .option(
      '--classes <list>',
      'names or numbers, taken in turn row by row, or "all"; default: each seed draws its own',
    )
    .option('--steps <n>', 'noise levels of the Heun sampler', '32')
    .option('--columns <n>', 'pictures in a row', '8')
    .option('--batch <n>', 'pictures that go through the network at once', '32')
    .option('--out <file>', 'where the PNG goes', 'samples.png')
    .action(async (options: SampleOptions, command: Command) => {
      await withService(
        command,
        () => readOptions(options),
        (context, asked) => sample(context, options, asked),
      );
    });
}

/** What can be judged without the run. */
interface Asked {
  readonly file: string;
  readonly columns: number;
  readonly seeds: number[];
  readonly sampler: SamplerConfig;
  readonly batchSize: number;
}

function readOptions(options: SampleOptions): Asked {
  const steps = wholeNumber(options.steps, '--steps', 1000);
  if (steps < 2) throw new AppError('invalid-input', `--steps is at least 2, not ${steps}.`);
  const asked = {
    file: userPath(options.out),
    columns: wholeNumber(options.columns, '--columns', 64),
    seeds: seedList(options.seeds),
    sampler: SamplerConfig.parse({ steps }),
    batchSize: wholeNumber(options.batch, '--batch', 256),
  };
  checkTarget(asked.file);
  return asked;
}

async function sample(context: CommandContext, options: SampleOptions, asked: Asked): Promise<undefined> {
  const { client, output } = context;
  const { file, columns, seeds, sampler, batchSize } = asked;
  const summary = findRun(options.run, await client.call(listRuns, { trashed: false }));
  const run = await client.call(getRun, { id: summary.id });
  const { dataset } = await client.call(getDataset, { id: run.datasetId });
  const classes = run.shape.labelDim > 0 ? dataset.classes : [];
  const wanted = options.classes === undefined ? [] : classList(options.classes, classes);
  // A row is a class, as in the grids of training.
  const labels = seeds.map((_, index) => wanted[Math.floor(index / columns) % Math.max(1, wanted.length)] ?? null);
  const { snapshots } = await client.call(runSnapshots, { id: run.id });
  const snapshot = choose(snapshots, run.name, options);
  const request = { snapshotId: snapshot.id, seeds, labels, columns, sampler, batchSize };
  const { jobId } = await client.call(generate, request);
  output.say(
    `Drawing ${pictures(seeds.length)} with "${run.name}" at ${images(snapshot.nimg)}, sigma_rel ${snapshot.emaStd}.`,
  );
  const { sampleId } = await followJob(context, jobId);
  await saveSheet(client, sampleId!, file);
  output.event('sample', { sampleId, runId: run.id, nimg: snapshot.nimg, emaStd: snapshot.emaStd, file });
  output.say(`Wrote ${file}`);
  return undefined;
}

/** The snapshot that was asked for; by default the newest one with the longest average. */
function choose(snapshots: readonly Snapshot[], runName: string, { nimg, ema }: SampleOptions): Snapshot {
  if (snapshots.length === 0) {
    throw new AppError('not-found', `Run "${runName}" has no snapshot yet; let it train on, or pause it to get one.`);
  }
  const moment = nimg === undefined ? Math.max(...snapshots.map((one) => one.nimg)) : wholeNumber(nimg, '--nimg');
  const atMoment = snapshots.filter((one) => one.nimg === moment);
  if (atMoment.length === 0) {
    const moments = [...new Set(snapshots.map((one) => one.nimg))];
    const nearest = moments.reduce((best, one) => (Math.abs(one - moment) < Math.abs(best - moment) ? one : best));
    throw new AppError(
      'not-found',
      `Run "${runName}" has no snapshot at ${moment} images; the nearest is at ${nearest}.`,
    );
  }
  const std = ema === undefined ? Math.max(...atMoment.map((one) => one.emaStd)) : positiveNumber(ema, '--ema');
  const found = atMoment.find((one) => Math.abs(one.emaStd - std) < 1e-9);
  if (found !== undefined) return found;
  const stored = atMoment.map((one) => one.emaStd).join(', ');
  throw new AppError('not-found', `Run "${runName}" keeps no average of sigma_rel ${std}; it keeps ${stored}.`);
}
