import { shareOn } from '../../contract/devices.ts';
import type { Progress } from '../../contract/jobs.ts';
import { trainingOf, type Run } from '../../contract/runs.ts';
import type { ProfiledWork } from '../../contract/profile.ts';
import type { ProfileSubject } from '../../contract/profile-process.ts';
import { describeDevice } from '../engine/device.ts';
import { insertProfile } from '../store/profiles.ts';
import { patiently } from '../store/patience.ts';
import { getRun } from '../store/runs.ts';
import type { RunJob } from './context.ts';
import { measureStep, preparing } from './profile/measure.ts';
import { openStep } from './profile/subject.ts';
import { gridBatch } from './training/grid-batch.ts';

/** Thrown where the job is asked to end. */
class Cancelled extends Error {}

/**
 * Measures a step of a run that doesn't train now, with weights and pictures of its own; what the run has stays as it is.
 *
 * @throws {AppError} 'not-found', 'invalid-input' for a precision that the device can't do, 'out-of-memory'
 */
export const runProfile: RunJob<'profile'> = async ({ library, send, requested }, { runId, work }) => {
  const run = getRun(library.db, runId);
  const onProgress = (progress: Progress): void => {
    if (requested() !== null) throw new Cancelled();
    send({ type: 'progress', progress });
  };
  try {
    onProgress(preparing);
    const { words } = await describeDevice();
    const step = await openStep(subjectOf(run, work));
    const measured = await measureStep(step, words, onProgress);
    const profileId = await patiently(() => insertProfile(library.db, { runId, nimg: run.nimg, ...measured }));
    send({ type: 'profiled', profileId });
    return { kind: 'profiled' };
  } catch (error) {
    if (error instanceof Cancelled) return { kind: 'cancelled' };
    throw error;
  }
};

/** A step as the run takes it on a device, in the micro-batches of its jobs; of drawing, as many pictures at once as for its grids. */
function subjectOf(run: Run, work: ProfiledWork): ProfileSubject {
  const { training } = shareOn(trainingOf(run), run.devices);
  const drawn = {
    ...training,
    batchSize: gridBatch({ grid: run.config.grid, training }, run.shape.labelDim),
    microBatch: null,
  };
  return { work, config: { ...run.config, training: work === 'training' ? training : drawn }, shape: run.shape };
}
