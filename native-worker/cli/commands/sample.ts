import type { Command } from 'commander';
import { AppError } from '../../../contract/errors.ts';
import { getDataset } from '../../../contract/datasets.ts';
import type { ModelRef } from '../../../contract/models.ts';
import { momentOf, recipesAt } from '../../../contract/recipe.ts';
import { getRun, listRuns, runSnapshots, type Run, type Snapshot } from '../../../contract/runs.ts';
import { generate } from '../../../contract/samples.ts';
import { SamplerConfig } from '../../../contract/training.ts';
import { classList, findRun, positiveNumber, seedList, wholeNumber } from '../arguments.ts';
import { withService, type CommandContext } from '../command.ts';
import { followJob } from '../follow-job.ts';
import { userPath } from '../paths.ts';
import { checkTarget, saveSheet } from '../save-file.ts';
import { images, pictures, reconstructionWords } from '../words.ts';

interface SampleOptions {
  readonly run: string;
  readonly nimg?: string;
  readonly std?: string;
  readonly seeds: string;
  readonly classes?: string;
  readonly steps: string;
  readonly columns: string;
  readonly batch: string;
  readonly out: string;
}

/** `edm2 sample`: draws pictures with an average of a run. */
export function addSample(program: Command): void {
  program
    .command('sample')
    .description('draw pictures with an average of a run and write them as one PNG')
    .requiredOption('--run <name|id>', 'the run')
    .option('--nimg <images>', 'snapshot at this count of training images; default: the newest')
    .option(
      '--ema, --std <std>',
      'sigma_rel of the average; one that is not stored is reconstructed; default: the longest that is stored',
    )
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
  const { model, nimg, emaStd, error } = choose(run, snapshots, options);
  if (error !== null) output.say(reconstructionWords(error));
  const request = { model, seeds, labels, columns, sampler, batchSize };
  const { jobId } = await client.call(generate, request);
  output.say(`Drawing ${pictures(seeds.length)} with "${run.name}" at ${images(nimg)}, sigma_rel ${emaStd}.`);
  const { sampleId } = await followJob(context, jobId);
  await saveSheet(client, sampleId!, file);
  output.event('sample', { sampleId, runId: run.id, nimg, emaStd, error, file });
  output.say(`Wrote ${file}`);
  return undefined;
}

/** What draws, as it is asked of the service and in words. */
interface Chosen {
  readonly model: ModelRef;
  readonly nimg: number;
  readonly emaStd: number;
  /** Predicted error of a reconstruction; null: the average is stored. */
  readonly error: number | null;
}

/**
 * The average that was asked for; by default the newest and of these the longest that is stored. One that is not
 * stored is reconstructed.
 */
function choose(run: Run, snapshots: readonly Snapshot[], options: SampleOptions): Chosen {
  const { averaging } = run.config.training;
  const asked = options.nimg === undefined ? null : wholeNumber(options.nimg, '--nimg');
  const nimg = momentOf(run.name, snapshots, asked);
  const stored = snapshots.filter((one) => one.nimg === nimg);
  const emaStd =
    options.std === undefined ? Math.max(...stored.map((one) => one.emaStd)) : positiveNumber(options.std, '--std');
  const found = stored.find((one) => Math.abs(one.emaStd - emaStd) < 1e-9);
  if (found !== undefined) return { model: { kind: 'snapshot', snapshotId: found.id }, nimg, emaStd, error: null };
  const { error } = recipesAt({ name: run.name, averaging, snapshots }, nimg)(emaStd);
  return { model: { kind: 'recipe', runId: run.id, nimg, emaStd }, nimg, emaStd, error };
}
