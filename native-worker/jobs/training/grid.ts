import { samplePath } from '../../store/paths.ts';
import { hasGrid } from '../../store/samples.ts';
import { everySoOften } from '../context.ts';
import { drawPictures, labelsFor } from '../drawing.ts';
import { saveSheet } from '../sheet.ts';
import { gridBatch, gridRows } from './grid-batch.ts';
import { passes } from './milestones.ts';
import type { TrainingSession } from './session.ts';

/**
 * Draws the run's grid: always the same seeds, so that grids of different moments show the same pictures growing.
 * Rows are classes where the network knows classes; every picture has its own seed. How far it is comes as progress; when
 * the job is asked to end, the drawing ends after its next step.
 *
 * @returns whether it was drawn to its end; otherwise nothing is kept of it
 */
export async function drawGrid(session: TrainingSession): Promise<boolean> {
  const { context, run, trainer, nimg } = session;
  const { grid } = run.config;
  const { resolution, channels, labelDim } = run.shape;
  const rows = gridRows(run.config, labelDim);
  const seeds = Array.from({ length: rows * grid.columns }, (_, index) => index);
  const wanted = seeds.map((_, index) => (labelDim > 0 ? Math.floor(index / grid.columns) : null));
  const labels = labelsFor(wanted, seeds, labelDim);
  const start = performance.now();
  const sampler = trainer.sampler();
  const tell = everySoOften(context.send);
  const text = `Drawing ${seeds.length} ${seeds.length === 1 ? 'picture' : 'pictures'}`;
  const request = { shape: run.shape, sampler, seeds, labels, settings: grid.sampler };
  const onStep = (done: number, total: number): boolean => {
    tell({ done, total, unit: 'steps', text });
    return context.requested() === null;
  };
  const pixels = await drawPictures({
    ...request,
    batchSize: gridBatch({ grid, training: session.training }, labelDim),
    onStep,
  }).finally(() => sampler.dispose());
  context.send({ type: 'progress', progress: null });
  if (pixels === null) return false;
  const sampleId = await saveSheet(context.library, pixels, channels, {
    runId: run.id,
    origin: 'grid',
    nimg,
    sigmaRel: grid.sigmaRel,
    snapshotId: null,
    model: null,
    seeds,
    labels,
    columns: grid.columns,
    resolution,
    sampler: grid.sampler,
    guidance: null,
    precision: run.config.training.precision,
    seconds: (performance.now() - start) / 1000,
    file: samplePath(run.id, nimg, 'grid'),
  });
  context.send({ type: 'sampled', sampleId });
  return true;
}

/**
 * Whether the grid of this moment is due and not drawn. That is so at the end of training, and when the process was killed
 * or asked to end after it had written the checkpoint of the same moment.
 */
export function owesGrid({ context, run, training, nimg }: TrainingSession): boolean {
  const { logging } = run.config;
  const isDue = nimg >= training.durationImages || passes(nimg - training.batchSize, nimg, logging.sampleImages);
  return logging.sampleImages > 0 && nimg > 0 && isDue && !hasGrid(context.library.db, run.id, nimg);
}
