import { rm } from 'node:fs/promises';
import { AppError } from '../../../contract/errors.ts';
import { deleteSample, generate, getSample, listSamples, type GenerateRequest } from '../../../contract/samples.ts';
import type { Run } from '../../../contract/runs.ts';
import { findModel } from '../../store/models.ts';
import { insideLibrary } from '../../store/paths.ts';
import { getRun } from '../../store/runs.ts';
import * as store from '../../store/samples.ts';
import { handler, type Handler } from '../handle.ts';
import type { ServiceParts } from './context.ts';

/** Generated pictures. */
export function sampleHandlers({ library, queue }: ServiceParts): Handler[] {
  const { db, folder } = library;
  return [
    handler(generate, (request) => {
      const { runId, nimg } = findModel(db, request.model);
      const run = getRun(db, runId);
      checkRequest(request, run);
      const title = `${run.name}, ${nimg} images: ${request.seeds.length} pictures`;
      return { jobId: queue.add({ parameters: { kind: 'sample', request }, title, runId: run.id }) };
    }),
    handler(listSamples, (which) => store.listSamples(db, which)),
    handler(getSample, ({ id }) => store.getSample(db, id)),
    handler(deleteSample, async ({ id }) => {
      await rm(insideLibrary(folder, store.deleteSampleRow(db, id)), { force: true });
      return {};
    }),
  ];
}

/** @throws {AppError} 'invalid-input' for what would fail minutes later in the job */
function checkRequest({ seeds, labels, sampler }: GenerateRequest, run: Run): void {
  if (labels.length !== seeds.length) {
    throw new AppError(
      'invalid-input',
      `There are ${seeds.length} seeds and ${labels.length} classes; each picture needs one of both.`,
    );
  }
  const { labelDim } = run.shape;
  const wrong = labels.find((label) => label !== null && label >= labelDim);
  if (wrong !== undefined) {
    const classes = labelDim === 0 ? 'knows no classes' : `knows classes 0 to ${labelDim - 1}`;
    throw new AppError(
      'invalid-input',
      `The network of "${run.name}" ${classes}; class ${String(wrong)} is none of them.`,
    );
  }
  if (sampler.sigmaMin >= sampler.sigmaMax) {
    throw new AppError(
      'invalid-input',
      `sigma_min ${sampler.sigmaMin} must be smaller than sigma_max ${sampler.sigmaMax}.`,
    );
  }
}
