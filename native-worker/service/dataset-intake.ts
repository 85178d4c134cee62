import { join } from 'node:path';
import type { ImportProblem } from '../../contract/datasets.ts';
import { datasetChanged } from '../../contract/events.ts';
import { describeDataset } from '../data/dataset-file.ts';
import { demoSetSha256, writeDemoSet } from '../data/demo-set.ts';
import { findDatasetByHash, getDataset, insertDataset, nextDatasetId } from '../store/datasets.ts';
import { moveDurably } from '../store/durable-file.ts';
import type { Library } from '../store/library.ts';
import { insideLibrary, picturesPath, TEMPORARY_FOLDER } from '../store/paths.ts';
import { recordFiles } from '../store/recorded-files.ts';
import { readNote, writeNote } from '../store/settings.ts';
import type { Events } from './events.ts';

/**
 * Moves a packed file into the library and records it.
 *
 * @param packed   absolute path on the library's disk; gone from there afterwards
 * @param problems files that were left out of it
 * @returns the dataset's id
 * @throws {AppError} 'corrupt-file' if it is no packed dataset
 */
export async function takeInDataset(library: Library, packed: string, problems: ImportProblem[]): Promise<number> {
  const facts = await describeDataset(packed);
  const id = nextDatasetId(library.db);
  const file = picturesPath(id);
  return recordFiles(
    library,
    [file],
    ([place]) => moveDurably(packed, place!),
    () => insertDataset(library.db, { ...facts, id, file, problems }),
  );
}

const DEMO_NOTE = 'demo-set-added';

/** Gives a library the pictures that ship with the app, once: who deletes them does not get them back. */
export async function addDemoSet(library: Library, events: Events): Promise<void> {
  if (readNote(library.db, DEMO_NOTE) !== null) return;
  if (findDatasetByHash(library.db, demoSetSha256()) === null) {
    const packed = join(insideLibrary(library.folder, TEMPORARY_FOLDER), 'demo-set.safetensors');
    writeDemoSet(packed);
    const id = await takeInDataset(library, packed, []);
    events.emit(datasetChanged, getDataset(library.db, id));
  }
  writeNote(library.db, DEMO_NOTE, true);
}
