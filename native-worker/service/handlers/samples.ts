import type { Database } from 'better-sqlite3';
import { checkOwn, checkSharingEngine } from '../../../contract/devices.ts';
import { AppError } from '../../../contract/errors.ts';
import { guideProblem, sameModel } from '../../../contract/guidance.ts';
import { deleteSample, generate, getSample, listSamples, type GenerateRequest } from '../../../contract/samples.ts';
import type { Run } from '../../../contract/runs.ts';
import { churnProblem, sigmasProblem } from '../../../contract/training.ts';
import { images } from '../../../contract/units.ts';
import { findModel } from '../../store/models.ts';
import { dropFiles } from '../../store/recorded-files.ts';
import { getRun } from '../../store/runs.ts';
import * as store from '../../store/samples.ts';
import { checkDevicePrecision } from '../device-precision.ts';
import { handler, type Handler } from '../handle.ts';
import type { ServiceParts } from './context.ts';

/** Generated pictures. */
export function sampleHandlers({ library, queue, runtimes }: ServiceParts): Handler[] {
  const { db } = library;
  return [
    handler(generate, async (request) => {
      const { runId, nimg } = findModel(db, request.model);
      const run = getRun(db, runId);
      checkRequest(request, run);
      checkGuidance(db, request, run);
      checkOwn(request.devices);
      checkSharingEngine(request.devices, request.engine);
      await runtimes.machines(request.devices); // throws if one isn't there
      await checkDevicePrecision(runtimes, request.precision, request.engine, request.devices);
      const title = `${run.name} at ${images(nimg)}: ${request.seeds.length} pictures`;
      return { jobId: queue.add({ parameters: { kind: 'sample', request }, title, runId: run.id }) };
    }),
    handler(listSamples, (which) => store.listSamples(db, which)),
    handler(getSample, ({ id }) => store.getSample(db, id)),
    handler(deleteSample, async ({ id }) => {
      await dropFiles(library, () => [store.deleteSampleRow(db, id)]);
      return {};
    }),
  ];
}

/** @throws {AppError} 'invalid-input' for a guide that can't guide the network of `main`; 'not-found' */
function checkGuidance(db: Database, { model, guidance }: GenerateRequest, main: Run): void {
  if (guidance === null) return;
  if (sameModel(model, guidance.guide)) {
    throw new AppError(
      'invalid-input',
      `The guide is the very network of "${main.name}" that draws, which changes nothing. Choose a worse one: an earlier ` +
        'snapshot, a smaller network, or one that was trained without classes.',
    );
  }
  const problem = guideProblem(main, getRun(db, findModel(db, guidance.guide).runId));
  if (problem !== null) throw new AppError('invalid-input', problem);
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
  const turned = sigmasProblem(sampler) ?? churnProblem(sampler.churn);
  if (turned !== null) throw new AppError('invalid-input', `${turned}.`);
}
