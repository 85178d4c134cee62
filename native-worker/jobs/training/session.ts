import { planNetwork, type NetworkPlan } from '../../../contract/architecture.ts';
import { AppError } from '../../../contract/errors.ts';
import { imagesAtOnce } from '../../../contract/micro-batch.ts';
import { checkEngine } from '../../../contract/precision.ts';
import { trainingOf, type LogLine, type Run } from '../../../contract/runs.ts';
import type { Engine, TrainingConfig } from '../../../contract/training.ts';
import { exactImages } from '../../../contract/units.ts';
import { heldOutCount, PROBE_PICTURES } from '../../../contract/validation.ts';
import { openDataset, type PackedDataset } from '../../data/dataset-file.ts';
import { splitPictures, wholeDataset, type Split } from '../../data/split.ts';
import { initialSource, readState, type StateSource } from '../../edm2/training/state.ts';
import { randomSource } from '../../edm2/tensors/random.ts';
import { randomKernels } from '../../engine/random.ts';
import { checkpointsToResume } from '../../store/checkpoints.ts';
import { datasetPath, getDataset } from '../../store/datasets.ts';
import { rewindRun } from '../../store/history.ts';
import { insertLog } from '../../store/log.ts';
import type { Library } from '../../store/library.ts';
import { patiently } from '../../store/patience.ts';
import { insideLibrary } from '../../store/paths.ts';
import { getRun } from '../../store/runs.ts';
import { checkCards } from '../cards.ts';
import type { JobContext } from '../context.ts';
import type { Team } from '../machines/team.ts';
import { BatchReader, readBatch } from './batch.ts';
import { openCheckpoint, type OpenCheckpoint } from './checkpoint.ts';
import { EagerTrainer } from './eager-trainer.ts';
import { evaluationBatch } from './evaluation-batches.ts';
import { GraphTrainer } from './graph-trainer.ts';
import { gridBatch } from './grid-batch.ts';
import type { Trainer, TrainerPlan } from './trainer.ts';
import { TickMeter } from './tick.ts';
import { Writes } from './writes.ts';

/** A run while it trains: what it reads, what it is, and how far it has come. */
export interface TrainingSession {
  readonly context: JobContext;
  readonly run: Run;
  readonly plan: NetworkPlan;
  /** As configured, in the micro-batches of this process. */
  readonly training: TrainingConfig;
  readonly dataset: PackedDataset;
  /** What of the dataset is trained on, and what is measured with. */
  readonly split: Split;
  readonly batches: BatchReader;
  readonly meter: TickMeter;
  readonly trainer: Trainer;
  readonly writes: Writes;
  /** Training images seen. */
  nimg: number;
  /** How long the latest steps took, milliseconds; those that were measured left out. */
  readonly stepTimes: number[];
  /** Seconds of training when this process began to train, pauses left out, and the clock then. */
  readonly secondsBefore: number;
  readonly startedAt: number;
}

/**
 * Opens a run where its newest readable checkpoint left it, or at its very start.
 *
 * @param meet gets the machines together that train it, once all files are looked through, which takes long; null: this one
 *   trains alone
 */
export async function openSession(
  context: JobContext,
  runId: number,
  engine: Engine,
  meet: () => Promise<Team | null>,
): Promise<TrainingSession> {
  const { library } = context;
  const run = getRun(library.db, runId);
  checkEngine(run.config.training.precision, engine);
  const plan = planNetwork(run.config.network, run.shape);
  const dataset = openLibraryDataset(library, run.datasetId);
  let checkpoint: OpenCheckpoint | null = null;
  try {
    checkFits(run, dataset);
    checkCards(run.devices);
    const log = (level: LogLine['level'], text: string, nimg: number): Promise<void> =>
      writeLog({ context, run, nimg }, level, text);
    checkpoint = await newestCheckpoint(context, run, plan, log);
    const team = await meet();
    const nimg = checkpoint?.nimg ?? 0;
    if (run.nimg > nimg)
      await log('info', `${exactImages(run.nimg - nimg)} after the last checkpoint are trained again.`, nimg);
    if (checkpoint?.masksByMicroBatch === true && hadMasksByMicroBatch(run)) {
      await log(
        'info',
        'Dropout masks no longer depend on the micro-batch: from here on this run draws others than the version that began it.',
        nimg,
      );
    }
    await patiently(() => rewindRun(library.db, runId, nimg));
    context.send({ type: 'rewound', nimg });
    const { grid } = run.config;
    const training = trainingOf(run);
    const split = splitFor(run, dataset);
    if (run.config.logging.validationImages > 0 && split.heldOut.length === 0)
      await log('warn', 'Nothing is validated: the dataset has too few pictures to hold any out.', nimg);
    return {
      context,
      run,
      plan,
      training,
      dataset,
      meter: new TickMeter(checkpoint?.tick),
      split,
      batches: new BatchReader((at) => readBatch(dataset, run.shape.labelDim, training, at, split.training)),
      trainer: await makeTrainer(
        engine,
        {
          plan,
          training,
          grid: {
            average: training.sigmaRels.indexOf(grid.sigmaRel),
            count: gridBatch({ grid, training }, run.shape.labelDim),
          },
          evaluated: split.known.length > 0 ? evaluationBatch(training) : 0,
          devices: run.devices?.length ?? 1,
          joined: team?.joined ?? null,
        },
        checkpoint?.source ?? initialSource(plan, randomSource(randomKernels, training.seed, 0)),
      ),
      writes: new Writes(),
      nimg,
      stepTimes: [],
      secondsBefore: checkpoint?.trainSeconds ?? 0,
      startedAt: performance.now(),
    };
  } catch (error) {
    dataset.close();
    throw error;
  } finally {
    checkpoint?.close();
  }
}

export async function closeSession(session: TrainingSession): Promise<void> {
  await session.writes.over();
  session.trainer.dispose();
  session.dataset.close();
}

async function makeTrainer(engine: Engine, plan: TrainerPlan, source: StateSource): Promise<Trainer> {
  if (engine === 'graph') return await GraphTrainer.open(plan, source);
  return new EagerTrainer(plan, readState(plan.plan, plan.training.sigmaRels.length, source));
}

/** Seconds of training since the run began, pauses left out. */
export function trainSeconds(session: TrainingSession): number {
  return session.secondsBefore + (performance.now() - session.startedAt) / 1000;
}

/** Writes a line into the run's log and tells the service. */
export async function writeLog(
  { context, run, nimg }: Pick<TrainingSession, 'context' | 'run' | 'nimg'>,
  level: LogLine['level'],
  text: string,
): Promise<void> {
  const logId = await patiently(() => insertLog(context.library.db, { runId: run.id, nimg, level, text }));
  context.send({ type: 'logged', logId });
}

/** Every byte is compared with what was imported: training on damaged pictures would go unnoticed. */
function openLibraryDataset(library: Library, id: number): PackedDataset {
  return openDataset(datasetPath(library, id), getDataset(library.db, id).sha256);
}

/** A run that neither validates nor draws needs no look at all pictures. */
function splitFor({ config: { logging } }: Run, dataset: PackedDataset): Split {
  const wanted = logging.validationImages > 0 ? heldOutCount(dataset.count) : 0;
  if (wanted === 0 && logging.sampleImages === 0) return wholeDataset;
  return splitPictures(dataset, wanted, Math.max(wanted, PROBE_PICTURES));
}

function checkFits({ shape, datasetName }: Run, dataset: PackedDataset): void {
  if (dataset.resolution !== shape.resolution || dataset.channels !== shape.channels) {
    throw new AppError(
      'dataset',
      `Dataset "${datasetName}" has ${dataset.resolution}×${dataset.resolution} pictures of ${dataset.channels} channels, ` +
        `but the run was made for ${shape.resolution}×${shape.resolution} of ${shape.channels}. Start a new run.`,
    );
  }
  if (shape.labelDim > 0 && dataset.classes.length !== shape.labelDim) {
    throw new AppError(
      'dataset',
      `Dataset "${datasetName}" has ${dataset.classes.length} classes, but the run was made for ${shape.labelDim}. Start a new run.`,
    );
  }
}

function hadMasksByMicroBatch({ config: { network, training } }: Run): boolean {
  return network.dropout > 0 && imagesAtOnce(training) < training.batchSize;
}

/** The newest checkpoint that can be read: a damaged one is said in the log and the one before is tried. */
async function newestCheckpoint(
  { library }: JobContext,
  run: Run,
  plan: NetworkPlan,
  log: (level: LogLine['level'], text: string, nimg: number) => Promise<void>,
): Promise<OpenCheckpoint | null> {
  for (const { file, sha256, nimg } of checkpointsToResume(library.db, run.id)) {
    try {
      return openCheckpoint(insideLibrary(library.folder, file), sha256, plan, run.config.training.sigmaRels.length);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      await log(
        'warn',
        `The checkpoint of ${exactImages(nimg)} can't be read and is passed over: ${error.message}`,
        nimg,
      );
    }
  }
  return null;
}
