import { AppError } from '../../../contract/errors.ts';
import { listProfiles, measureStep, type ProfiledWork } from '../../../contract/profile.ts';
import { countOpenMeasurements, getJobParameters, someRunTrains } from '../../store/jobs.ts';
import * as store from '../../store/profiles.ts';
import { getRun, getRunSummary } from '../../store/runs.ts';
import { checkDevicePrecision } from '../device-precision.ts';
import { handler, type Handler } from '../handle.ts';
import type { ServiceParts } from './context.ts';

/** Where the time of a run's step goes. */
export function profileHandlers(parts: ServiceParts): Handler[] {
  const { db } = parts.library;
  return [
    handler(listProfiles, ({ runId }) => {
      getRunSummary(db, runId);
      return store.listProfiles(db, runId);
    }),
    handler(measureStep, async ({ runId, work }) => {
      const run = getRun(db, runId);
      if (run.trashedAt !== null) throw new AppError('conflict', `"${run.name}" is in the trash. Restore it first.`);
      const training = parts.queue.training();
      if (training !== null) {
        measureTraining(parts, training, runId, work);
        return { jobId: null };
      }
      if (someRunTrains(db)) {
        throw new AppError(
          'conflict',
          'A run waits or is about to train, and both would disturb each other. Try again in a moment.',
        );
      }
      if (countOpenMeasurements(db) > 0) {
        throw new AppError(
          'conflict',
          'Another measurement is under way, and both would disturb each other. Wait for it.',
        );
      }
      await checkDevicePrecision(parts.runtimes, run.config.training.precision, 'graph');
      const title = `${run.name}: ${work === 'training' ? 'a training step' : 'drawing'}`;
      return { jobId: parts.queue.add({ parameters: { kind: 'profile', runId, work }, title, runId }) };
    }),
  ];
}

/** @throws {AppError} 'conflict' for anything but a step of the run that trains */
function measureTraining(
  { library: { db }, queue }: ServiceParts,
  training: { readonly id: number; readonly runId: number },
  runId: number,
  work: ProfiledWork,
): void {
  const { name } = getRunSummary(db, training.runId);
  if (training.runId !== runId || work === 'sampling') {
    const what = work === 'sampling' ? 'drawing' : 'a step of this one';
    throw new AppError('conflict', `"${name}" trains, and both would disturb each other. Pause it to measure ${what}.`);
  }
  const parameters = getJobParameters(db, training.id);
  if (parameters.kind === 'train' && parameters.engine === 'eager') {
    throw new AppError(
      'conflict',
      `"${name}" computes op by op, of which there is no trace. Pause it to measure a step of its graph.`,
    );
  }
  queue.measure(training.id);
}
