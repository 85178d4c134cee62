import { compiledOn, shareOn } from '../../contract/devices.ts';
import type { JobOutcome } from '../../contract/job-messages.ts';
import { MICRO_BATCHES } from '../../contract/jobs.ts';
import { imagesAtOnce } from '../../contract/micro-batch.ts';
import type { Engine } from '../../contract/training.ts';
import { exactImages } from '../../contract/units.ts';
import { microBatches } from '../edm2/training/gradients.ts';
import { backend } from '../engine/binding.ts';
import { compilationNow } from '../engine/compilation.ts';
import { checkPrecision, readPrecisionSupport } from '../engine/runtime/precision-support.ts';
import { machineMemory } from '../engine/runtime/memory.ts';
import { patiently } from '../store/patience.ts';
import { getRun, setRunDevice } from '../store/runs.ts';
import { collectGarbage } from './collect-garbage.ts';
import { breathe, everySoOften, type JobContext, type Requested, type RunJob } from './context.ts';
import { isOutOfMemory, trainingOutOfMemory } from './failure.ts';
import { withTeam, type Together } from './machines/with-team.ts';
import { describeRunDevice } from './run-device.ts';
import { drawGrid, owesGrid } from './training/grid.ts';
import { passes } from './training/milestones.ts';
import { probeAverage } from './training/probe.ts';
import { measuresNext, profileStep } from './training/profile-step.ts';
import { closeSession, openSession, writeLog, type TrainingSession } from './training/session.ts';
import { owesValidation, validate } from './training/validation.ts';
import type { Step, StepProgress } from '../programs/take-step.ts';
import { canWriteBeside, saveCheckpoint, writeSnapshots, writeTick } from './training/write.ts';

/** How a run that was asked to end says it ended. */
const ENDINGS = { pause: 'paused', stop: 'stopped', cancel: 'cancelled' } as const;

/**
 * Trains a run from where its newest checkpoint left it until its duration is reached or somebody asks otherwise.
 *
 * @throws {AppError} 'invalid-input' for a precision that the device can't do, 'not-finite' (the last good checkpoint is
 *   kept), 'out-of-memory', 'no-space', 'dataset'
 */
export const runTrain: RunJob<'train'> = (context, { runId, engine }) =>
  withTeam(context, getRun(context.library.db, runId), (together) => train(context, runId, engine, together));

async function train(
  context: JobContext,
  runId: number,
  engine: Engine,
  { meet, onStep, atLoss }: Together,
): Promise<JobOutcome> {
  const session = await openSession(context, runId, engine, meet);
  atLoss(() => session.writes.over());
  try {
    const { durationImages } = session.training;
    await reportDevice(session);
    await reportPrecision(session);
    await writeLog(
      session,
      'info',
      `${session.nimg === 0 ? 'Training begins' : `Training goes on at ${exactImages(session.nimg)}`}${partsInWords(session)}.`,
    );
    if (compiledOn(session.run.devices, compilationNow()) !== compilationNow()) {
      await writeLog(session, 'info', 'XLA compiles on one card only: this run is computed without it.');
    }
    if (session.nimg < durationImages) await lookAt(session);
    const hearing = once(() => context.send({ type: 'stepping' }));
    while (session.nimg < durationImages) {
      const asked = context.requested();
      if (asked !== null) return await endEarly(session, asked);
      session.writes.check();
      await advance(session, hearing);
      hearing();
      onStep();
      await breathe();
    }
    return await finish(session);
  } finally {
    await closeSession(session);
  }
}

/** "", or ", on gpu:0, gpu:1, 64 images of each batch a device, in 4 micro-batches of 16 images". */
function partsInWords({ run, training }: TrainingSession): string {
  const devices = run.devices ?? [];
  const { training: share } = shareOn(training, devices);
  const count = microBatches(share);
  const where =
    devices.length > 1 ? `, on ${devices.join(', ')}, ${exactImages(share.batchSize)} of each batch a device` : '';
  return count === 1 ? where : `${where}, in ${count} micro-batches of ${exactImages(imagesAtOnce(share))}`;
}

/**
 * One optimiser step and what falls due with it, in the order in which it happens. A step that is dropped changes nothing.
 *
 * @param hearing called as soon as the step hears what the job is asked
 */
async function advance(session: TrainingSession, hearing: () => void): Promise<void> {
  const { training } = session;
  const { logging } = session.run.config;
  const before = session.nimg;
  const after = before + training.batchSize;
  const isLast = after >= training.durationImages;
  const endsTick = isLast || passes(before, after, logging.tickImages);

  const take = (): Promise<Step | null> => step(session, endsTick, hearing);
  const taken = await (measuresNext(session) ? profileStep(session, take) : timedStep(session, take));
  if (taken === null) return;
  if (taken.measured !== null) await writeTick(session, taken.measured);
  if (isLast) return; // `finish` writes what is left to write

  const { snapshotImages, checkpointImages } = logging;
  const isDue = (every: number): boolean => passes(before, after, every);
  const writes = isDue(snapshotImages) || isDue(checkpointImages);
  if (writes) await session.writes.done(); // what was due before: no more than one state is held
  if (isDue(snapshotImages)) await writeSnapshots(session);
  if (isDue(checkpointImages)) await saveCheckpoint(session);
  if (writes && !canWriteBeside(session)) await session.writes.done();
  await lookAt(session);
}

/**
 * Does what is due of the network as it is at this moment: validates it, measures the average that draws and draws a grid.
 *
 * @returns whether it came to its end; otherwise the job was asked to end meanwhile
 */
async function lookAt(session: TrainingSession): Promise<boolean> {
  if (owesValidation(session) && !(await validate(session))) return false;
  if (!owesGrid(session)) return true;
  const drawn = (await probeAverage(session)) && (await drawGrid(session));
  collectGarbage();
  return drawn;
}

/** So many times of steps are kept. */
const KEPT_TIMES = 5;

async function timedStep({ stepTimes }: TrainingSession, take: () => Promise<Step | null>): Promise<Step | null> {
  const start = performance.now();
  const taken = await take();
  if (taken !== null) stepTimes.push(performance.now() - start);
  if (stepTimes.length > KEPT_TIMES) stepTimes.shift();
  return taken;
}

/** A step that is to be dropped is waited for if it ends sooner. */
const WORTH_WAITING_SECONDS = 10;

/** A step that takes longer tells how far it is. */
const WORTH_TELLING_SECONDS = 3;

/**
 * Takes an optimiser step; the batch of the next is read meanwhile. If the job is asked to end, a step of several
 * micro-batches is dropped, unless it is nearly over.
 *
 * @param measure whether to return what the step is measured by
 * @param hearing called as soon as the step hears what the job is asked
 * @returns       null if it was dropped
 */
async function step(session: TrainingSession, measure: boolean, hearing: () => void): Promise<Step | null> {
  const { batches, trainer, nimg, training, context } = session;
  const start = performance.now();
  const batch = batches.take(nimg);
  const tell = everySoOften(context.send);
  const dropped: StepProgress[] = [];
  let told = false as boolean; // a callback changes it
  const goesOn = (progress: StepProgress): boolean => {
    hearing();
    if (progress.seconds > WORTH_TELLING_SECONDS) {
      const { done, of: total } = progress;
      tell({ done, total, unit: MICRO_BATCHES, text: 'Taking a step' });
      told = true;
    }
    if (context.requested() === null || progress.secondsLeft < WORTH_WAITING_SECONDS) return true;
    dropped.push(progress);
    return false;
  };
  try {
    const running = trainer.step(nimg, batch, measure, goesOn);
    const next = nimg + training.batchSize;
    if (next < training.durationImages) batches.readAhead(next);
    const taken = await running;
    if (told) context.send({ type: 'progress', progress: null });
    for (const { done, of } of dropped) await writeLog(session, 'info', droppedSentence(done, of));
    if (taken === null) return null;
    session.nimg = next;
    session.meter.add(nimg, taken.perImage, (performance.now() - start) / 1000);
    return taken;
  } catch (error) {
    const share = shareOn(training, session.run.devices);
    throw isOutOfMemory(error) ? trainingOutOfMemory(session.plan, share, deviceMemory(), error) : error;
  }
}

function droppedSentence(done: number, of: number): string {
  return `A step was under way: ${done} of its ${of} micro-batches are dropped. It is taken whole when the run goes on.`;
}

/** A function that acts when it is called first. */
function once(act: () => void): () => void {
  let acted = false;
  return () => {
    if (!acted) act();
    acted = true;
  };
}

/** Bytes that the device has; null: only the GPU knows. */
function deviceMemory(): number | null {
  return backend().isUsingGpuDevice ? null : machineMemory();
}

/** Pause, stop and cancel all leave a checkpoint to go on from and a snapshot to look at. */
async function endEarly(session: TrainingSession, asked: NonNullable<Requested>): Promise<JobOutcome> {
  session.context.send({ type: 'stepping' });
  await saveCheckpoint(session);
  if (session.nimg > 0) await writeSnapshots(session);
  await session.writes.done();
  return endAs(session, asked);
}

async function endAs(session: TrainingSession, asked: NonNullable<Requested>): Promise<JobOutcome> {
  await writeLog(session, 'info', `${asked === 'stop' ? 'Stopped' : 'Paused'} at ${exactImages(session.nimg)}.`);
  return { kind: ENDINGS[asked] };
}

async function finish(session: TrainingSession): Promise<JobOutcome> {
  await saveCheckpoint(session);
  await writeSnapshots(session);
  await session.writes.done();
  if (!(await lookAt(session))) {
    // All is trained. A run that is paused here validates and draws what is missing when it goes on.
    if (session.context.requested() === 'pause') return endAs(session, 'pause');
    await writeLog(session, 'info', 'The last validation and grid were not brought to their end, as was asked.');
  }
  await writeLog(session, 'info', `Finished at ${exactImages(session.nimg)}.`);
  return { kind: 'finished' };
}

/** Says what TensorFlow computes on; a GPU that was wanted and not got is a warning. */
async function reportDevice(session: TrainingSession): Promise<void> {
  const { context, run } = session;
  const device = await describeRunDevice(run);
  await patiently(() => setRunDevice(context.library.db, run.id, device.words));
  context.send({ type: 'device', device: device.words, fellBack: device.fellBack });
  if (device.fellBack) {
    await writeLog(
      session,
      'warn',
      `There is a GPU, but TensorFlow computes on the ${device.words}. The doctor says why.`,
    );
  }
}

/**
 * Refuses a precision that the device can't do: the one that TensorFlow took need not be the one that was expected when
 * the run was made. A slow one is a warning.
 */
async function reportPrecision(session: TrainingSession): Promise<void> {
  const { precision } = session.run.config.training;
  if (precision === 'fp32') return;
  const supports = await readPrecisionSupport(backend().isUsingGpuDevice ? 'cuda12' : 'cpu');
  checkPrecision(precision, supports);
  const support = supports.find((one) => one.precision === precision)!;
  await writeLog(
    session,
    support.status === 'slow' ? 'warn' : 'info',
    `The activations are in ${precision}. ${support.reason}`,
  );
}
