import { basename, join } from 'node:path';
import { DynamicsKind } from '../../../contract/dynamics.ts';
import { runDynamics, unpackDynamics, type DynamicsTable } from '../../../contract/dynamics-table.ts';
import { AppError } from '../../../contract/errors.ts';
import { getRun, runTicks, type RunSummary } from '../../../contract/runs.ts';
import { listSamples } from '../../../contract/samples.ts';
import { count } from '../../../contract/units.ts';
import { eventFile } from '../../service/tensorboard/event-file.ts';
import { fewRows, momentsOf, MOST, tagWords } from '../../service/tensorboard/run-moments.ts';
import type { CommandContext } from '../command.ts';
import { checkTarget, saveBytes, saveText } from '../save-file.ts';

/**
 * Writes what a run recorded as an event file of TensorBoard, in a folder of its own.
 *
 * @throws {AppError} 'conflict' where it has recorded nothing; 'forbidden', 'no-space'
 */
export async function exportEvents(
  { client, output }: CommandContext,
  { id, name }: RunSummary,
  folder: string,
  layers: boolean,
): Promise<void> {
  // One file a run, however often: TensorBoard would show the moments of two files twice.
  const file = join(folder, `${id} ${fileWords(name)}`, 'events.out.tfevents.edm2-studio');
  checkTarget(file, '--tensorboard');
  const run = await client.call(getRun, { id });
  const ticks = await client.call(runTicks, { id, maxPoints: MOST.ticks });
  const tables: DynamicsTable[] = [];
  for (const kind of layers ? DynamicsKind.options : fewRows)
    tables.push(unpackDynamics(await client.call(runDynamics, { id, kind, maxColumns: MOST.moments })));
  const grids = [];
  for (const sample of await client.call(listSamples, { runId: id, origin: 'grid', limit: MOST.grids })) {
    const png = await client.file(`/files/samples/${sample.id}.png`);
    grids.push({ sample, png: () => png });
  }
  const moments = momentsOf({ run, ticks, tables, grids });
  if (moments.length === 0) throw new AppError('conflict', `Run ${id} "${name}" has recorded nothing yet.`);
  saveBytes(Buffer.concat([...eventFile(moments)]), file);
  saveText(
    tagWords(tables.filter(({ nimg }) => nimg.length > 0).map(({ kind }) => kind)),
    join(file, '..', 'tags.txt'),
    '--tensorboard',
  );
  output.event('exported', { runId: id, file, moments: moments.length, grids: grids.length });
  output.say(`Wrote ${count(moments.length)} moments and ${count(grids.length)} grids of run ${id} to ${file}.`);
  output.say(`\`tensorboard --logdir "${folder}"\` shows them.`);
}

/** A run's name as part of the name of a folder. */
function fileWords(name: string): string {
  return basename(name.replaceAll(/[<>:"/\\|?*\p{Cc}]/gu, '_'));
}
