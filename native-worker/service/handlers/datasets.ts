import {
  datasetPictures,
  deleteDataset,
  getDataset,
  importDataset,
  listDatasets,
  renameDataset,
} from '../../../contract/datasets.ts';
import { AppError } from '../../../contract/errors.ts';
import { datasetChanged, datasetDeleted } from '../../../contract/events.ts';
import { openDataset } from '../../data/dataset-file.ts';
import * as store from '../../store/datasets.ts';
import { datasetFolder, datasetRecordPath, mosaicPath } from '../../store/paths.ts';
import { dropFiles } from '../../store/recorded-files.ts';
import { runsOfDataset } from '../../store/runs.ts';
import { removeEmptyFolders } from '../../store/set-aside.ts';
import { handler, type Handler } from '../handle.ts';
import { keepDatasetRecord } from '../records.ts';
import type { ServiceParts } from './context.ts';

/** Packed sets of pictures. */
export function datasetHandlers(parts: ServiceParts): Handler[] {
  const { library, queue, events, folders } = parts;
  const { db, folder } = library;
  return [
    handler(listDatasets, () => store.listDatasets(db)),
    handler(getDataset, ({ id }) => ({
      dataset: store.getDataset(db, id),
      problems: store.datasetProblems(db, id),
    })),
    handler(datasetPictures, ({ id, label, offset, limit }) => {
      const dataset = openDataset(store.datasetPath(library, id));
      dataset.close();
      return pageOfPictures(dataset.labels, label, offset, limit);
    }),
    handler(importDataset, ({ folder: folderId, options }) => {
      const path = folders.path(folderId);
      return { jobId: queue.add({ parameters: { kind: 'import', path, options }, title: options.name, runId: null }) };
    }),
    handler(renameDataset, ({ id, name }) => {
      store.renameDataset(db, id, name);
      keepDatasetRecord(parts, id);
      events.emit(datasetChanged, store.getDataset(db, id));
      return {};
    }),
    handler(deleteDataset, async ({ id }) => {
      const { name } = store.getDataset(db, id);
      const runs = runsOfDataset(db, id);
      if (runs.length > 0) {
        const shown = runs
          .slice(0, 3)
          .map(({ name }) => `"${name}"`)
          .join(', ');
        const more = runs.length > 3 ? ` and ${runs.length - 3} more` : '';
        throw new AppError(
          'conflict',
          `"${name}" is used by ${shown}${more}. Delete those runs first, in the trash too.`,
        );
      }
      await dropFiles(library, () => [store.deleteDatasetRow(db, id), mosaicPath(id), datasetRecordPath(id)]);
      removeEmptyFolders(folder, datasetFolder(id));
      events.emit(datasetDeleted, { datasetId: id });
      return {};
    }),
  ];
}

/** Indices and labels of some pictures. */
function pageOfPictures(
  labels: Int32Array,
  label: number | null,
  offset: number,
  limit: number,
): { total: number; pictures: { index: number; label: number | null }[] } {
  const pictures: { index: number; label: number | null }[] = [];
  let total = 0;
  labels.forEach((found, index) => {
    if (label !== null && found !== label) return;
    if (total >= offset && pictures.length < limit) pictures.push({ index, label: found < 0 ? null : found });
    total += 1;
  });
  return { total, pictures };
}
