import { inTowerOrder } from '../../../contract/devices.ts';
import { tickColumns, type Tick } from '../../../contract/ticks.ts';
import { CHECKPOINTS_KEPT } from '../../../contract/training.ts';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import { sigmaBinNames } from '../../../contract/noise-levels.ts';
import { estimateMemory } from '../../../contract/memory.ts';
import type { PerImage } from '../../edm2/tensors/types.ts';
import { learningRate } from '../../edm2/training/schedule.ts';
import { machineMemory } from '../../engine/runtime/memory.ts';
import { forgetOldCheckpoints, insertCheckpoint } from '../../store/checkpoints.ts';
import { insertDynamics } from '../../store/dynamics.ts';
import type { HeldTensors } from '../../engine/session/graph-session.ts';
import { patiently } from '../../store/patience.ts';
import { checkpointPath, snapshotPath } from '../../store/paths.ts';
import { dropFiles, recordFiles } from '../../store/recorded-files.ts';
import type { WrittenFile } from '../../store/safetensors.ts';
import { insertSnapshot } from '../../store/snapshots.ts';
import { write } from '../../store/statements.ts';
import { insertTick } from '../../store/ticks.ts';
import { stepDynamics, type Dynamics, type StepMeasures } from '../../programs/step-dynamics.ts';
import { snapshotTensors, writeSnapshot } from '../snapshot-file.ts';
import { checkpointTensors, writeCheckpoint } from './checkpoint.ts';
import { byNoiseLevel } from './noise-levels.ts';
import { trainSeconds, writeLog, type TrainingSession } from './session.ts';

/** Ends the tick: its numbers become one transaction, then the service hears of it. */
export async function writeTick(session: TrainingSession, measures: StepMeasures): Promise<void> {
  const { context, run, plan, nimg } = session;
  const { db } = context.library;
  const { training } = run.config;
  const { summary, images } = session.meter.finish();
  const tick: Tick = {
    ...summary,
    nimg,
    at: Date.now(),
    trainSeconds: trainSeconds(session),
    // The rate of the tick's last step, which counts the images before it.
    learningRate: learningRate(nimg - training.batchSize, training),
    memoryBytes: process.memoryUsage.rss(),
  };
  const dynamics = [...stepDynamics(plan, measures), ...noiseDynamics(plan, images)];
  await patiently(() =>
    write(db, () => {
      insertTick(db, run.id, tick);
      for (const { kind, names, numbers } of dynamics) insertDynamics(db, run.id, kind, nimg, names, numbers);
    }),
  );
  context.send({ type: 'ticked', ticks: tickColumns([tick]) });
}

/** What is recorded by noise level. */
function noiseDynamics({ config, shape }: NetworkPlan, images: PerImage<readonly number[]>): Dynamics[] {
  const kinds = byNoiseLevel(images, shape.resolution ** 2 * shape.channels);
  return Object.entries(kinds).flatMap(([kind, numbers]) =>
    kind === 'noise-u' && !config.switches.uncertainty
      ? []
      : [{ kind: kind as keyof typeof kinds, names: sigmaBinNames, numbers }],
  );
}

/** Begins to write every average to a snapshot file, then their rows in one transaction. Training may go on meanwhile. */
export async function writeSnapshots(session: TrainingSession): Promise<void> {
  const { context, run, plan, trainer, nimg } = session;
  const { library } = context;
  const classes = run.shape.labelDim > 0 ? session.dataset.classes : [];
  const { sigmaRels } = run.config.training;
  const files = sigmaRels.map((sigmaRel) => snapshotPath(run.id, nimg, sigmaRel));
  const origin = { kind: 'snapshot', runId: run.id } as const;
  const states: HeldTensors[] = [];
  for (const index of sigmaRels.keys()) {
    states.push(await trainer.hold(snapshotTensors(plan, index).map(({ held }) => held)));
  }
  session.writes.add(async () => {
    try {
      await recordFiles(
        library,
        files,
        async (paths) => {
          const written: WrittenFile[] = [];
          for (const [index, sigmaRel] of sigmaRels.entries()) {
            const facts = { nimg, sigmaRel, plan, classes };
            written.push(await writeSnapshot(paths[index]!, facts, states[index]!, index, origin));
          }
          return written;
        },
        (written) =>
          sigmaRels.forEach((sigmaRel, index) =>
            insertSnapshot(library.db, { runId: run.id, nimg, sigmaRel, file: files[index]!, ...written[index]! }),
          ),
      );
    } finally {
      for (const state of states) state.release();
    }
    context.send({ type: 'snapshots' });
  });
}

/**
 * Begins to write the whole state to a checkpoint file, then its row, and only then lets go of the oldest: at any moment
 * there is one to go on from. A loss that isn't finite has ended the run before, so no checkpoint holds one that has gone
 * wrong. Training may go on meanwhile.
 */
export async function saveCheckpoint(session: TrainingSession): Promise<void> {
  const { context, run, plan, nimg, trainer } = session;
  const { library } = context;
  const file = checkpointPath(run.id, nimg);
  const moment = { nimg, trainSeconds: trainSeconds(session), tick: session.meter.partial() };
  const tensors = checkpointTensors(plan, run.config.training.sigmaRels.length);
  const names = inTowerOrder(run.devices ?? []);
  for (const device of await trainer.mend()) {
    await writeLog(
      session,
      'warn',
      `The weights on ${names[device]!} were not those on ${names[0]!}: they are copied from there. If this comes again, leave the device out.`,
    );
  }
  const state = await trainer.hold(tensors.map(({ held }) => held));
  session.writes.add(async () => {
    try {
      await recordFiles(
        library,
        [file],
        ([path]) => writeCheckpoint(path!, run.id, moment, state, tensors),
        (written) => insertCheckpoint(library.db, { runId: run.id, nimg, file, ...written }),
      );
    } finally {
      state.release();
    }
    await patiently(() => dropFiles(library, () => forgetOldCheckpoints(library.db, run.id, CHECKPOINTS_KEPT)));
    context.send({ type: 'snapshots' });
  });
}

/** Whether there is memory for a second state beside the first, which training needs if it goes on while one is written. */
export function canWriteBeside(session: TrainingSession): boolean {
  const { whileWriting } = estimateMemory(session.plan, session.training);
  return whileWriting < machineMemory() - process.memoryUsage.rss();
}
