import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { AppError } from '../../../contract/errors.ts';
import { recipesAt, type Recipe } from '../../../contract/recipe.ts';
import {
  keepReconstructions,
  listReconstructions,
  locateReconstruction,
  MOST_TARGETS,
  type Reconstruction,
} from '../../../contract/reconstructions.ts';
import { getRun, listRuns, runSnapshots, type Run } from '../../../contract/runs.ts';
import { bytes, emaLength, images } from '../../../contract/units.ts';
import { collect, findRun, lengthNamed, wholeNumber } from '../arguments.ts';
import { withService, type CommandContext } from '../command.ts';
import { followJob } from '../follow-job.ts';
import { addRenamed } from '../renamed-option.ts';
import { checkTarget, saveCopy } from '../save-file.ts';
import { readName } from './reconstructions.ts';
import { reconstructionWords } from '../words.ts';

interface Options {
  readonly sigmaRel: readonly string[];
  readonly at: string;
  readonly name: readonly string[];
  readonly out?: string;
}

/** Where `--out` puts the length, so that each of several averages gets a file of its own. */
const PLACE = '{sigma_rel}';
/** The same in an earlier version. */
const EARLIER_PLACE = '{std}';

/** `edm2 reconstruct`: makes averages of other lengths from a run's snapshots and keeps them. */
export function addReconstruct(program: Command): void {
  const command = program
    .command('reconstruct')
    .description('make averages of other lengths (σ_rel) from the snapshots of a run, and keep them')
    .argument('<run>', 'name or id');
  const lengths = new Option('--sigma-rel <value>', 'length of the average; may be repeated, all are made in one pass');
  addRenamed(command, lengths.argParser(collect).default([]), '--std')
    .option('--at <images>', 'training images of a snapshot, or "latest"', 'latest')
    .option('--name <name>', 'of the reconstruction; may be repeated, one for each --sigma-rel', collect, [])
    .option('--out <file>', `where a copy goes (safetensors); with several --sigma-rel, ${PLACE} stands for the length`)
    .action(async (run: string, options: Options, command: Command) => {
      await withService(
        command,
        () => readOptions(options),
        (context, asked) => reconstruct(context, run, asked),
      );
    });
}

interface Target {
  readonly sigmaRel: number;
  readonly name: string | null;
  /** Where a copy goes, absolute; null: nowhere. */
  readonly file: string | null;
}

interface Asked {
  readonly targets: readonly Target[];
  /** null: the newest. */
  readonly nimg: number | null;
}

/** What can be judged without the run. @throws {AppError} 'invalid-input', 'forbidden' */
function readOptions({ sigmaRel: lengths, at, name, out }: Options): Asked {
  const count = lengths.length;
  if (count === 0) {
    throw new AppError('invalid-input', '--sigma-rel says which length is wanted, such as --sigma-rel 0.08.');
  }
  if (count > MOST_TARGETS) {
    throw new AppError(
      'invalid-input',
      `--sigma-rel is given ${count} times, and ${MOST_TARGETS} averages are made at once; ask for the others afterwards.`,
    );
  }
  if (name.length > 0 && name.length !== count) {
    throw new AppError('invalid-input', `There are ${count} --sigma-rel and ${name.length} --name; each needs one.`);
  }
  const pattern = out?.replaceAll(EARLIER_PLACE, PLACE);
  if (pattern !== undefined && count > 1 && !pattern.includes(PLACE)) {
    throw new AppError('invalid-input', `--out names one file for ${count} averages; put ${PLACE} into its name.`);
  }
  const targets = lengths.map((text, index): Target => {
    const sigmaRel = lengthNamed(text, '--sigma-rel');
    const file = pattern === undefined ? null : resolve(pattern.replaceAll(PLACE, text.trim()));
    if (file !== null) checkTarget(file);
    return { sigmaRel, name: name[index] === undefined ? null : readName(name[index]), file };
  });
  const twice = targets.find(({ sigmaRel }, index) => targets.findIndex((one) => one.sigmaRel === sigmaRel) < index);
  if (twice !== undefined)
    throw new AppError('invalid-input', `--sigma-rel ${twice.sigmaRel} is given twice; give it once.`);
  return { targets, nimg: at === 'latest' ? null : wholeNumber(at, '--at') };
}

async function reconstruct(context: CommandContext, wanted: string, { targets, nimg }: Asked): Promise<undefined> {
  const { client, output } = context;
  const run = await client.call(getRun, {
    id: findRun(wanted, await client.call(listRuns, { trashed: false })).id,
  });
  const recipes = await recipesOf(context, run, targets, nimg);
  const moment = recipes[0]!.nimg;
  const isOf = (one: Reconstruction, { sigmaRel }: Target): boolean => one.nimg === moment && one.sigmaRel === sigmaRel;
  const before = await client.call(listReconstructions, { runId: run.id });
  const missing = targets.filter((target) => !before.some((one) => isOf(one, target)));
  for (const [index, { sigmaRel }] of targets.entries()) {
    const { error } = recipes[index]!;
    output.say(`${emaLength(sigmaRel)} of "${run.name}" at ${images(moment)}. ${reconstructionWords(error)}`);
  }
  if (missing.length > 0) {
    const asked = missing.map(({ sigmaRel, name }) => ({ sigmaRel, name }));
    const { jobId } = await client.call(keepReconstructions, { runId: run.id, nimg: moment, targets: asked });
    await followJob(context, jobId);
  }
  const kept = await client.call(listReconstructions, { runId: run.id });
  for (const target of targets) {
    const one = kept.find((candidate) => isOf(candidate, target));
    if (one === undefined) throw new AppError('not-found', 'The reconstruction was deleted meanwhile.');
    await tell(context, one, target, missing.includes(target));
  }
  return undefined;
}

/** @throws {AppError} if one of them can't be made */
async function recipesOf(
  { client }: CommandContext,
  run: Run,
  targets: readonly Target[],
  nimg: number | null,
): Promise<Recipe[]> {
  const { snapshots } = await client.call(runSnapshots, { id: run.id });
  const { averaging } = run.config.training;
  const recipeOf = recipesAt({ name: run.name, averaging, snapshots }, nimg);
  return targets.map(({ sigmaRel }) => recipeOf(sigmaRel));
}

async function tell(
  { client, output }: CommandContext,
  one: Reconstruction,
  { file }: Target,
  isNew: boolean,
): Promise<void> {
  const { path } = await client.call(locateReconstruction, { id: one.id });
  if (file !== null) saveCopy(path, file);
  output.event('reconstruction', { ...one, isNew, path, file });
  const what = `reconstruction ${one.id} "${one.name}"`;
  output.say(`${isNew ? `Kept ${what}, ${bytes(one.sizeBytes)}` : `Found ${what}, kept before`}: ${file ?? path}`);
}
