import { EVALUATIONS } from '../../../contract/jobs.ts';
import { exactImages } from '../../../contract/units.ts';
import { VALIDATION_NOISE, validationRows, type ValidationRow } from '../../../contract/validation.ts';
import { stratifiedSigmas } from '../../edm2/training/strata.ts';
import type { Evaluated, HostEvaluation } from '../../programs/evaluation.ts';
import { hasDynamics, insertDynamics } from '../../store/dynamics.ts';
import { patiently } from '../../store/patience.ts';
import { write } from '../../store/statements.ts';
import { breathe, everySoOften } from '../context.ts';
import { evaluationBatch, evaluationBatches } from './evaluation-batches.ts';
import { passes } from './milestones.ts';
import type { TrainingSession } from './session.ts';

/** Validation that takes longer tells how far it is. */
const WORTH_TELLING_SECONDS = 3;

/**
 * Measures the raw network and each average on the pictures that are held out and on as many that aren't, each picture
 * once, with a noise level and a noise that never change. Ends between two batches when the job is asked to end.
 *
 * @returns whether it came to its end; otherwise nothing is kept of it
 */
export async function validate(session: TrainingSession): Promise<boolean> {
  const { context, run, nimg, split } = session;
  const rows = validationRows(run.config.training.sigmaRels);
  const parts = Math.ceil(split.heldOut.length / evaluationBatch(session.training)) * rows.length;
  const tell = everySoOften(context.send);
  const start = performance.now();
  let done = 0;
  let told = false as boolean; // a callback changes it
  const goesOn = async (): Promise<boolean> => {
    done += 1;
    await breathe(); // what is asked of the job is heard before it is looked at
    if (performance.now() - start > WORTH_TELLING_SECONDS * 1000) {
      tell({ done, total: parts, unit: EVALUATIONS, text: `Validating at ${exactImages(nimg)}` });
      told = true;
    }
    return context.requested() === null;
  };
  const means = await meansOf(session, rows, goesOn);
  if (told) context.send({ type: 'progress', progress: null });
  if (means === null) return false;
  const names = rows.map(({ name }) => name);
  const { db } = context.library;
  await patiently(() =>
    write(db, () => {
      insertDynamics(db, run.id, 'validation', nimg, names, means.error);
      insertDynamics(db, run.id, 'validation-loss', nimg, names, means.loss);
    }),
  );
  context.send({ type: 'measured', nimg });
  return true;
}

interface Means {
  readonly error: Float32Array;
  readonly loss: Float32Array;
}

/** @returns null if it was not to go on */
async function meansOf(
  session: TrainingSession,
  rows: readonly ValidationRow[],
  goesOn: () => Promise<boolean>,
): Promise<Means | null> {
  const { run, dataset, split, trainer } = session;
  const count = split.heldOut.length;
  const sums = { error: new Float64Array(rows.length), loss: new Float64Array(rows.length) };
  for (const pictures of ['held out', 'trained on'] as const) {
    const shown = {
      pictures: pictures === 'held out' ? split.heldOut : split.known.subarray(0, count),
      sigmas: stratifiedSigmas(count, VALIDATION_NOISE),
      purpose: 'validation',
    };
    const size = evaluationBatch(session.training);
    for (const part of evaluationBatches(dataset, run.shape.labelDim, shown, size)) {
      for (const [index, row] of rows.entries()) {
        if (row.pictures !== pictures) continue;
        const { perImage }: HostEvaluation = await trainer.evaluate(networkOf(session, row), part.batch, false);
        sums.error[index]! += sumOf(perImage.error.subarray(0, part.count));
        sums.loss[index]! += sumOf(perImage.loss.subarray(0, part.count));
        if (!(await goesOn())) return null;
      }
    }
  }
  const mean = (values: Float64Array): Float32Array => Float32Array.from(values, (value) => value / count);
  return { error: mean(sums.error), loss: mean(sums.loss) };
}

function networkOf({ training }: TrainingSession, { sigmaRel }: ValidationRow): Evaluated {
  return sigmaRel === null ? 'raw' : training.sigmaRels.indexOf(sigmaRel);
}

const sumOf = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);

/**
 * Whether validation of this moment is due and not done: at its interval and at the end of training, and when the process
 * was killed or asked to end after it had written the checkpoint of the same moment.
 */
export function owesValidation({ context, run, training, nimg, split }: TrainingSession): boolean {
  const { logging } = run.config;
  const isDue = nimg >= training.durationImages || passes(nimg - training.batchSize, nimg, logging.validationImages);
  if (split.heldOut.length === 0 || nimg === 0 || !isDue) return false;
  return !hasDynamics(context.library.db, run.id, 'validation', nimg);
}
