import { samplePath } from '../../store/paths.ts';
import { drawPictures, labelsFor } from '../drawing.ts';
import { saveSheet } from '../sheet.ts';
import { gridBatch, gridRows } from './grid-batch.ts';
import type { TrainingSession } from './session.ts';

/**
 * Draws the run's grid: always the same seeds, so that grids of different moments show the same pictures growing.
 * Rows are classes where the network knows classes; every picture has its own seed.
 */
export async function drawGrid(session: TrainingSession): Promise<void> {
  const { context, run, trainer, nimg } = session;
  const { grid } = run.config;
  const { resolution, channels, labelDim } = run.shape;
  const rows = gridRows(run.config, labelDim);
  const seeds = Array.from({ length: rows * grid.columns }, (_, index) => index);
  const wanted = seeds.map((_, index) => (labelDim > 0 ? Math.floor(index / grid.columns) : null));
  const labels = labelsFor(wanted, seeds, labelDim);
  const start = performance.now();
  const sampler = trainer.sampler();
  const pixels = await drawPictures({
    shape: run.shape,
    sampler,
    seeds,
    labels,
    settings: grid.sampler,
    batchSize: gridBatch(run.config, labelDim),
  });
  sampler.dispose();
  const sampleId = await saveSheet(context.library, pixels!, channels, {
    runId: run.id,
    origin: 'grid',
    nimg,
    emaStd: grid.emaStd,
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
}
