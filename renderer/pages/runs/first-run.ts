import { expectSpeed } from '../../../contract/app.ts';
import { AppError } from '../../../contract/errors.ts';
import { presets } from '../../../contract/presets.ts';
import { createRun } from '../../../contract/runs.ts';
import type { Dataset } from '../../../contract/datasets.ts';
import { client } from '../../lib/client/index.ts';

const demo = presets[0]!;

/** The set that ships with the app, else the oldest one; undefined if there is none. */
export function demoDataset(all: readonly Dataset[]): Dataset | undefined {
  const shipped = all.find((dataset) => dataset.source.includes('EDM2 Studio'));
  return shipped ?? [...all].sort((a, b) => a.createdAt - b.createdAt)[0];
}

/** Seconds that the demo will take on this machine; null where nothing is known yet. */
export async function demoSeconds(): Promise<number | null> {
  const { network, training } = demo.config;
  const { batchSize, microBatch, precision } = training;
  const { imagesPerSecond } = await client.call(expectSpeed, {
    network,
    shape: { resolution: demo.resolution, channels: 3, labelDim: 0 },
    training: { batchSize, microBatch, precision },
  });
  return imagesPerSecond === null || imagesPerSecond <= 0
    ? null
    : demo.config.training.durationImages / imagesPerSecond;
}

/**
 * Creates the demo run on the demo pictures; it starts as soon as the device is free.
 *
 * @returns its id
 * @throws {AppError} 'not-found' if the library has no pictures
 */
export async function trainDemo(all: readonly Dataset[]): Promise<number> {
  const dataset = demoDataset(all);
  if (!dataset)
    throw new AppError(
      'not-found',
      'There are no pictures in the library. Import a folder of pictures on the Data page.',
    );
  // A row of the grid is a class; the set may have fewer of them than the preset draws.
  const rows = Math.min(demo.config.grid.rows, Math.max(1, dataset.classes.length || demo.config.grid.rows));
  const config = { ...demo.config, grid: { ...demo.config.grid, rows } };
  const { runId } = await client.call(createRun, { name: 'Demo', datasetId: dataset.id, config });
  return runId;
}
