import { AppError } from '../../contract/errors.ts';
import type { JobOutcome } from '../../contract/job-messages.ts';
import type { GenerateRequest } from '../../contract/samples.ts';
import { networkSampler } from '../programs/network-sampler.ts';
import { samplePath } from '../store/paths.ts';
import type { JobContext, RunJob } from './context.ts';
import { drawPictures, labelsFor } from './drawing.ts';
import { evenBatch } from './even-batch.ts';
import { openModel, type OpenModel } from './open-model.ts';
import { saveSheet } from './sheet.ts';
import { disposeAll } from './tensor-files.ts';

/**
 * Draws the pictures that were asked for with a model of the library.
 *
 * @throws {AppError} 'not-found', 'corrupt-file', 'invalid-input' for a class that the network doesn't know, 'no-space'
 */
export const runSample: RunJob<'sample'> = async (context, { request }) => {
  const network = openModel(context.library, request.model);
  try {
    return await draw(context, request, network);
  } finally {
    disposeAll(network.parameters);
    disposeAll(network.buffers);
  }
};

async function draw(
  { library, job, send, requested }: JobContext,
  { model, seeds, labels: wanted, sampler, columns, batchSize, engine }: GenerateRequest,
  network: OpenModel,
): Promise<JobOutcome> {
  const { runId, plan, nimg, emaStd } = network;
  const { labelDim, resolution, channels } = plan.shape;
  checkLabels(wanted, network);
  const labels = labelsFor(wanted, seeds, labelDim);
  const start = performance.now();
  const count = evenBatch(seeds.length, batchSize);
  const painter = networkSampler(engine, { main: network, guide: null }, count);
  const pixels = await drawPictures({
    shape: plan.shape,
    sampler: painter,
    seeds,
    labels,
    settings: sampler,
    batchSize: count,
    onStep: (done, total) => {
      send({ type: 'progress', progress: { done, total, unit: 'steps', text: 'Drawing pictures' } });
      return requested() === null;
    },
  });
  painter.dispose();
  if (pixels === null) return { kind: 'cancelled' };
  const sampleId = await saveSheet(library, pixels, channels, {
    runId,
    origin: 'generate',
    nimg,
    emaStd,
    snapshotId: model.kind === 'snapshot' ? model.snapshotId : null,
    model,
    seeds,
    labels,
    columns,
    resolution,
    sampler,
    seconds: (performance.now() - start) / 1000,
    file: samplePath(runId, nimg, job.id),
  });
  return { kind: 'sampled', sampleId };
}

function checkLabels(labels: readonly (number | null)[], { plan, classes }: OpenModel): void {
  const { labelDim } = plan.shape;
  const unknown = labels.find((label) => label !== null && label >= labelDim);
  if (unknown === undefined) return;
  const known = labelDim === 0 ? 'it was trained without classes' : `it knows ${classes.join(', ')}`;
  throw new AppError('invalid-input', `The network does not know class ${String(unknown)}; ${known}.`);
}
