import { AppError } from '../../contract/errors.ts';
import { readDynamics } from '../store/dynamics.ts';
import { makeDynamicsLevels } from '../store/dynamics-levels.ts';
import type { Library } from '../store/library.ts';
import { readRegularFile } from '../store/open-file.ts';
import { insideLibrary } from '../store/paths.ts';
import { getRun } from '../store/runs.ts';
import { listSamples, sampleFile } from '../store/samples.ts';
import { makeLevels } from '../store/tick-levels.ts';
import { readTicks } from '../store/ticks.ts';
import { eventFile } from './tensorboard/event-file.ts';
import { fewRows, momentsOf, MOST } from './tensorboard/run-moments.ts';

/** Records that are written before others are served. */
const AT_ONCE = 200;

/**
 * A run's curves, validation, buckets and grids as an event file of TensorBoard, in pieces.
 *
 * @throws {AppError} 'not-found' where there is no such run; 'conflict' where it has recorded nothing
 */
export async function recordedEvents({ db, folder }: Library, id: number): Promise<AsyncIterable<Uint8Array>> {
  const run = getRun(db, id);
  await makeLevels(db, id);
  const ticks = readTicks(db, id, { afterNimg: -1, maxPoints: MOST.ticks });
  const tables = [];
  for (const kind of fewRows) {
    await makeDynamicsLevels(db, id, kind);
    tables.push(readDynamics(db, id, kind, { maxColumns: MOST.moments }));
  }
  const grids = listSamples(db, { runId: id, origin: 'grid', limit: MOST.grids }).map((sample) => ({
    sample,
    png: () => readRegularFile(insideLibrary(folder, sampleFile(db, sample.id))),
  }));
  const moments = momentsOf({ run, ticks, tables, grids });
  if (moments.length === 0) throw new AppError('conflict', `Run ${id} "${run.name}" has recorded nothing yet.`);
  return inPieces(eventFile(moments));
}

async function* inPieces(records: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let piece: Uint8Array[] = [];
  for (const record of records) {
    piece.push(record);
    if (piece.length < AT_ONCE) continue;
    yield Buffer.concat(piece);
    piece = [];
    await new Promise((resolve) => setImmediate(resolve));
  }
  yield Buffer.concat(piece);
}
