import { median } from '../../../contract/median.ts';
import type { Step } from '../../programs/take-step.ts';
import { insertProfile } from '../../store/profiles.ts';
import { patiently } from '../../store/patience.ts';
import { traceStep } from '../profile/measure.ts';
import { describeRunDevice } from '../run-device.ts';
import type { TrainingSession } from './session.ts';

/** Steps that a process takes before it measures one: TensorFlow plans in the first ones. */
const WARM_UPS = 3;

/** Whether the next step is to be measured, and can be. */
export function measuresNext({ context, trainer, stepTimes }: TrainingSession): boolean {
  return context.toMeasure() && trainer.trace !== null && stepTimes.length >= WARM_UPS;
}

/**
 * Takes a step with a trace, and keeps what it tells. The step is the same one: it takes longer, and learns what it would
 * have learned.
 *
 * @param take takes it
 * @returns    what `take` returns; null: it was dropped, and will be measured another time
 */
export async function profileStep(session: TrainingSession, take: () => Promise<Step | null>): Promise<Step | null> {
  const { context, run, training, trainer, stepTimes, nimg } = session;
  let taken = null as Step | null; // a callback changes it
  const step = {
    ...({ work: 'training', images: training.batchSize } as const),
    take: async () => {
      taken = await take();
    },
    sides: trainer.sides * (run.devices?.length ?? 1),
    trace: trainer.trace!,
  };
  const { words } = await describeRunDevice(run);
  const measured = await traceStep(step, median(stepTimes), words);
  if (taken === null) return null;
  context.measured();
  const profileId = await patiently(() => insertProfile(context.library.db, { runId: run.id, nimg, ...measured }));
  context.send({ type: 'profiled', profileId });
  return taken;
}
