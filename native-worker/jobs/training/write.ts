import type { TickColumns } from '../../../contract/runs.ts';
import { CHECKPOINTS_KEPT } from '../../../contract/training.ts';
import { blockNames, weightNames } from '../../../contract/architecture.ts';
import { learningRate } from '../../edm2/schedule.ts';
import { forgetOldCheckpoints, insertCheckpoint } from '../../store/checkpoints.ts';
import { insertMagnitudes } from '../../store/magnitudes.ts';
import { patiently } from '../../store/patience.ts';
import { checkpointPath, snapshotPath } from '../../store/paths.ts';
import { dropFiles, recordFiles } from '../../store/recorded-files.ts';
import { insertSnapshot } from '../../store/snapshots.ts';
import { write } from '../../store/statements.ts';
import { insertTick } from '../../store/ticks.ts';
import type { StepMagnitudes } from '../../programs/take-step.ts';
import { writeSnapshot } from '../snapshot-file.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { trainSeconds, type TrainingSession } from './session.ts';

/** Ends the tick: its numbers and magnitudes become one transaction, then the service hears of it. */
export async function writeTick(session: TrainingSession, magnitudes: StepMagnitudes): Promise<void> {
  const { context, run, plan, nimg } = session;
  const { db } = context.library;
  const { training } = run.config;
  const tick = {
    ...session.meter.finish(),
    nimg,
    trainSeconds: trainSeconds(session),
    // The rate of the tick's last step, which counts the images before it.
    learningRate: learningRate(nimg - training.batchSize, training),
    memoryBytes: process.memoryUsage.rss(),
  };
  await patiently(() =>
    write(db, () => {
      insertTick(db, { runId: run.id, ...tick });
      insertMagnitudes(db, run.id, 'weight', nimg, weightNames(plan), magnitudes.weights);
      insertMagnitudes(db, run.id, 'activation', nimg, blockNames(plan), magnitudes.activations);
    }),
  );
  const ticks: TickColumns = {
    nimg: [tick.nimg],
    trainSeconds: [tick.trainSeconds],
    loss: [tick.loss],
    lossStderr: [tick.lossStderr],
    learningRate: [tick.learningRate],
    imagesPerSecond: [tick.imagesPerSecond],
    memoryBytes: [tick.memoryBytes],
  };
  context.send({ type: 'ticked', ticks });
}

/** Writes every average to a snapshot file, then their rows in one transaction. */
export async function writeSnapshots(session: TrainingSession): Promise<void> {
  const { context, run, plan, trainer, nimg } = session;
  const { library } = context;
  const classes = run.shape.labelDim > 0 ? session.dataset.classes : [];
  const { emaStds } = run.config.training;
  const files = emaStds.map((emaStd) => snapshotPath(run.id, nimg, emaStd));
  await recordFiles(
    library,
    files,
    (paths) =>
      trainer.withState(({ averages, buffers }) =>
        emaStds.map((emaStd, index) =>
          writeSnapshot(
            paths[index]!,
            { nimg, emaStd, plan, classes, parameters: averages[index]!, buffers },
            { kind: 'snapshot', runId: run.id },
          ),
        ),
      ),
    (written) =>
      emaStds.forEach((emaStd, index) =>
        insertSnapshot(library.db, { runId: run.id, nimg, emaStd, file: files[index]!, ...written[index]! }),
      ),
  );
  context.send({ type: 'snapshots' });
}

/**
 * Writes the whole state to a checkpoint file, then its row, and only then lets go of the oldest: at any moment there
 * is one to go on from. A loss that isn't finite has ended the run before, so no checkpoint holds one that has gone
 * wrong.
 */
export async function saveCheckpoint(session: TrainingSession): Promise<void> {
  const { context, run, nimg, trainer } = session;
  const { library } = context;
  const file = checkpointPath(run.id, nimg);
  const tick = session.meter.partial();
  await recordFiles(
    library,
    [file],
    ([path]) =>
      trainer.withState((state) =>
        writeCheckpoint(path!, run.id, { nimg, trainSeconds: trainSeconds(session), tick, state }),
      ),
    (written) => insertCheckpoint(library.db, { runId: run.id, nimg, file, ...written }),
  );
  await patiently(() => dropFiles(library, () => forgetOldCheckpoints(library.db, run.id, CHECKPOINTS_KEPT)));
  context.send({ type: 'snapshots' });
}
