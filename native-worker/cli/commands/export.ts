import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { DynamicsKind } from '../../../contract/dynamics.ts';
import { runDynamics, unpackDynamics, type DynamicsTable } from '../../../contract/dynamics-table.ts';
import { AppError } from '../../../contract/errors.ts';
import { getRun, listRuns, runTicks } from '../../../contract/runs.ts';
import { listSamples } from '../../../contract/samples.ts';
import { count } from '../../../contract/units.ts';
import { findRun } from '../arguments.ts';
import { withService, type CommandContext } from '../command.ts';
import { checkTarget, saveBytes, saveText } from '../save-file.ts';
import { eventFile } from '../tensorboard/event-file.ts';
import { fewRows, momentsOf, tagWords } from '../tensorboard/run-moments.ts';

/** Moments of each kind, ticks and grids that are written at most; more are thinned. */
const MOST_MOMENTS = 2000;
const MOST_TICKS = 20_000;
const MOST_GRIDS = 2000;

interface Options {
  readonly tensorboard?: string;
  readonly layers?: boolean;
}

/** `edm2 export`: writes what a run recorded for other programs. */
export function addExport(program: Command): void {
  program
    .command('export')
    .description('write what a run recorded as event files of TensorBoard: curves, validation, buckets and grids')
    .argument('<run>', 'name or id')
    .option('--tensorboard <folder>', 'where to; `tensorboard --logdir <folder>` shows it')
    .option('--layers', 'every layer, block and noise level, too')
    .action(async (wanted: string, options: Options, command: Command) => {
      await withService(
        command,
        () => folderOf(options),
        (context, folder) => exportRun(context, wanted, folder, options.layers === true),
      );
    });
}

function folderOf({ tensorboard }: Options): string {
  if (tensorboard === undefined)
    throw new AppError(
      'invalid-input',
      'Say where to with --tensorboard FOLDER. For numbers as text there is `edm2 dynamics RUN --csv`.',
    );
  return resolve(tensorboard);
}

async function exportRun(
  { client, output }: CommandContext,
  wanted: string,
  folder: string,
  layers: boolean,
): Promise<undefined> {
  const { id, name } = findRun(wanted, await client.call(listRuns, { trashed: false }));
  // One file a run, however often: TensorBoard would show the moments of two files twice.
  const file = join(folder, `${id} ${fileWords(name)}`, 'events.out.tfevents.edm2-studio');
  checkTarget(file, '--tensorboard');
  const run = await client.call(getRun, { id });
  const ticks = await client.call(runTicks, { id, maxPoints: MOST_TICKS });
  const tables: DynamicsTable[] = [];
  for (const kind of layers ? DynamicsKind.options : fewRows)
    tables.push(unpackDynamics(await client.call(runDynamics, { id, kind, maxColumns: MOST_MOMENTS })));
  const grids = [];
  for (const sample of await client.call(listSamples, { runId: id, origin: 'grid', limit: MOST_GRIDS }))
    grids.push({ sample, png: await client.file(`/files/samples/${sample.id}.png`) });
  const moments = momentsOf({ run, ticks, tables, grids });
  if (moments.length === 0) throw new AppError('conflict', `Run ${id} "${name}" has recorded nothing yet.`);
  saveBytes(Buffer.from(eventFile(moments)), file);
  saveText(
    tagWords(tables.filter(({ nimg }) => nimg.length > 0).map(({ kind }) => kind)),
    join(file, '..', 'tags.txt'),
    '--tensorboard',
  );
  output.event('exported', { runId: id, file, moments: moments.length, grids: grids.length });
  output.say(`Wrote ${count(moments.length)} moments and ${count(grids.length)} grids of run ${id} to ${file}.`);
  output.say(`\`tensorboard --logdir "${folder}"\` shows them.`);
  return undefined;
}

/** A run's name as part of the name of a folder. */
function fileWords(name: string): string {
  return basename(name.replaceAll(/[<>:"/\\|?*\p{Cc}]/gu, '_'));
}
