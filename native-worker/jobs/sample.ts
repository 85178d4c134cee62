import { AppError } from '../../contract/errors.ts';
import { insideLibrary, samplePath } from '../store/paths.ts';
import { getSnapshot } from '../store/snapshots.ts';
import type { RunJob } from './context.ts';
import { drawPictures, labelsFor } from './drawing.ts';
import { saveSheet } from './sheet.ts';
import { readSnapshot } from './snapshot-file.ts';

/**
 * Draws the pictures that were asked for with a snapshot, whose file says which network it is.
 *
 * @throws {AppError} 'not-found', 'corrupt-file', 'invalid-input' for a class that the network doesn't know, 'no-space'
 */
export const runSample: RunJob<'sample'> = async ({ library, job, send, requested }, { request }) => {
  const snapshot = getSnapshot(library.db, request.snapshotId);
  const network = readSnapshot(insideLibrary(library.folder, snapshot.file));
  const { plan, classes, nimg, emaStd } = network;
  const { labelDim, resolution, channels } = plan.shape;
  const { seeds, sampler, columns, batchSize } = request;
  const unknown = request.labels.find((label) => label !== null && label >= labelDim);
  if (unknown !== undefined && unknown !== null) {
    const known = labelDim === 0 ? 'it was trained without classes' : `it knows ${classes.join(', ')}`;
    throw new AppError('invalid-input', `The network does not know class ${unknown}; ${known}.`);
  }
  const labels = labelsFor(request.labels, seeds, labelDim);
  const start = performance.now();
  const pixels = await drawPictures(network, {
    seeds,
    labels,
    sampler,
    batchSize,
    onStep: (done, total) => {
      send({ type: 'progress', progress: { done, total, unit: 'steps', text: 'Drawing pictures' } });
      return requested() === null;
    },
  });
  if (pixels === null) return { kind: 'cancelled' };
  const sampleId = await saveSheet(library, pixels, channels, {
    runId: snapshot.runId,
    origin: 'generate',
    nimg,
    emaStd,
    snapshotId: snapshot.id,
    seeds,
    labels,
    columns,
    resolution,
    sampler,
    seconds: (performance.now() - start) / 1000,
    file: samplePath(snapshot.runId, nimg, job.id),
  });
  return { kind: 'sampled', sampleId };
};
