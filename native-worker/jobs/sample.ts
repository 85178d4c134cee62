import { AppError } from '../../contract/errors.ts';
import { guideProblem, type GuideFacts } from '../../contract/guidance.ts';
import type { JobOutcome } from '../../contract/job-messages.ts';
import type { ModelRef } from '../../contract/models.ts';
import type { GenerateRequest } from '../../contract/samples.ts';
import type { BatchSampler } from '../programs/sampling.ts';
import { networkSampler } from '../programs/network-sampler.ts';
import type { Library } from '../store/library.ts';
import { samplePath } from '../store/paths.ts';
import { getRun } from '../store/runs.ts';
import { checkCards } from './cards.ts';
import { everySoOften, type JobContext, type RunJob } from './context.ts';
import { drawPictures, labelsFor } from './drawing.ts';
import { evenBatch } from './even-batch.ts';
import { openModel, type OpenModel } from './open-model.ts';
import { saveSheet } from './sheet.ts';
import { disposeAll } from './tensor-files.ts';

/**
 * Draws the pictures that were asked for with a model of the library, guided by another if one is named.
 *
 * @throws {AppError} 'not-found', 'corrupt-file', 'invalid-input' for a class that the network doesn't know or a guide
 *   that does not fit, 'no-space'
 */
export const runSample: RunJob<'sample'> = async (context, { request }) => {
  const opened: OpenModel[] = [];
  const tell = everySoOften(context.send);
  const mixing = (done: number, total: number): void =>
    tell({ done, total, unit: 'tensors', text: 'Reconstructing the average' });
  const open = (ref: ModelRef): OpenModel => {
    const model = openModel(context.library, ref, mixing);
    opened.push(model);
    return model;
  };
  const release = (): void => {
    for (const { parameters, buffers } of opened) {
      disposeAll(parameters);
      disposeAll(buffers);
    }
  };
  let sampler: BatchSampler | null = null;
  try {
    const main = open(request.model);
    checkLabels(request.labels, main);
    const { guidance, engine, precision, devices } = request;
    checkCards(devices);
    const guide = guidance && open(guidance.guide);
    if (guide !== null) checkGuide(context.library, main, guide);
    const networks = { main, guide: guide && { network: guide, strength: guidance.strength } };
    const count = devices?.length ?? 1;
    const batchSize = evenBatch(request.seeds.length, request.batchSize * count);
    sampler = await networkSampler(engine, networks, batchSize, precision, count);
    // A graph has weights of its own; a second copy would double the job's memory.
    if (engine === 'graph') release();
    return await draw(context, request, { main, guide, sampler, batchSize });
  } finally {
    sampler?.dispose();
    release();
  }
};

/** What draws. */
interface Drawer {
  readonly main: OpenModel;
  readonly guide: OpenModel | null;
  readonly sampler: BatchSampler;
  readonly batchSize: number;
}

async function draw(
  { library, job, send, requested }: JobContext,
  request: GenerateRequest,
  { main, guide, sampler, batchSize }: Drawer,
): Promise<JobOutcome> {
  const { model, seeds, guidance, precision, columns, origin } = request;
  const { runId, plan, nimg, sigmaRel } = main;
  const { labelDim, resolution, channels } = plan.shape;
  const labels = labelsFor(request.labels, seeds, labelDim);
  const start = performance.now();
  const pixels = await drawPictures({
    shape: plan.shape,
    sampler,
    seeds,
    labels,
    settings: request.sampler,
    batchSize,
    onStep: (done, total) => {
      send({ type: 'progress', progress: { done, total, unit: 'steps', text: 'Drawing pictures' } });
      return requested() === null;
    },
  });
  if (pixels === null) return { kind: 'cancelled' };
  const sampleId = await saveSheet(library, pixels, channels, {
    runId,
    origin,
    nimg,
    sigmaRel,
    snapshotId: model.kind === 'snapshot' ? model.snapshotId : null,
    model,
    seeds,
    labels,
    columns,
    resolution,
    sampler: request.sampler,
    guidance: guide && { ...guidance!, runId: guide.runId, nimg: guide.nimg, sigmaRel: guide.sigmaRel },
    precision,
    seconds: (performance.now() - start) / 1000,
    file: samplePath(runId, nimg, job.id),
  });
  return { kind: 'sampled', sampleId };
}

/** The service has compared what runs say; files say it for certain, and which classes they are. */
function checkGuide({ db }: Library, main: OpenModel, guide: OpenModel): void {
  const facts = ({ runId, plan }: OpenModel): GuideFacts => ({ name: getRun(db, runId).name, shape: plan.shape });
  const problem = guideProblem(facts(main), facts(guide));
  if (problem !== null) throw new AppError('invalid-input', problem);
  const known = guide.classes.every((name, label) => name === main.classes[label]);
  if (guide.plan.shape.labelDim === 0 || known) return;
  throw new AppError(
    'invalid-input',
    `The guide knows ${guide.classes.join(', ')}, not ${main.classes.join(', ')}. Choose a guide with the same classes, ` +
      'or one that was trained without.',
  );
}

function checkLabels(labels: readonly (number | null)[], { plan, classes }: OpenModel): void {
  const { labelDim } = plan.shape;
  const unknown = labels.find((label) => label !== null && label >= labelDim);
  if (unknown === undefined) return;
  const known = labelDim === 0 ? 'it was trained without classes' : `it knows ${classes.join(', ')}`;
  throw new AppError('invalid-input', `The network does not know class ${String(unknown)}; ${known}.`);
}
