import { PROBE_PICTURES } from '../../../contract/validation.ts';
import { stratifiedSigmas } from '../../edm2/training/strata.ts';
import { averageDynamics, meanOfParts } from '../../programs/step-dynamics.ts';
import { hasDynamics, insertDynamics } from '../../store/dynamics.ts';
import { patiently } from '../../store/patience.ts';
import { write } from '../../store/statements.ts';
import { breathe } from '../context.ts';
import { evaluationBatch, evaluationBatches } from './evaluation-batches.ts';
import type { TrainingSession } from './session.ts';

/**
 * Measures the magnitudes of the average that draws the run's grids, on training images that stay the same, in noise of
 * the levels that the run trains with. Ends between two batches when the job is asked to end.
 *
 * @returns whether it came to its end
 *
 * Source: arXiv:2312.02696, App. A.6, Figs. 3 and 15; the paper does not say the length of its average, and takes 4,096 images.
 */
export async function probeAverage(session: TrainingSession): Promise<boolean> {
  const { context, run, plan, dataset, split, trainer, nimg } = session;
  const { db } = context.library;
  if (hasDynamics(db, run.id, 'average-weight-max', nimg)) return true; // the grid was interrupted
  const { training, grid } = run.config;
  const average = training.sigmaRels.indexOf(grid.sigmaRel);
  const shown = {
    pictures: Int32Array.from({ length: PROBE_PICTURES }, (_, place) => split.known[place % split.known.length]!),
    sigmas: stratifiedSigmas(PROBE_PICTURES, training),
    purpose: 'probe',
  };
  const forward: Float32Array[] = [];
  let units = new Float32Array();
  for (const { batch } of evaluationBatches(dataset, run.shape.labelDim, shown, evaluationBatch(session.training))) {
    const evaluation = await trainer.evaluate(average, batch, true);
    forward.push(evaluation.forward);
    units = Float32Array.from(evaluation.units);
    await breathe();
    if (context.requested() !== null) return false;
  }
  const kinds = averageDynamics(plan, { forward: meanOfParts(forward), units });
  await patiently(() =>
    write(db, () => {
      for (const { kind, names, numbers } of kinds) insertDynamics(db, run.id, kind, nimg, names, numbers);
    }),
  );
  context.send({ type: 'measured', nimg });
  return true;
}
