import { expect, test } from 'vitest';
import { findPreset } from '../../../../contract/presets.ts';
import { gridBatch, gridRows } from '../../../../native-worker/jobs/training/grid-batch.ts';

const { config } = findPreset('demo')!;
const withBatch = (batchSize: number, microBatch: number | null = null) => ({
  ...config,
  training: { ...config.training, batchSize, microBatch },
});

test('a grid has at most a row for each class', () => {
  expect(gridRows(config, 9)).toBe(9);
  expect(gridRows(config, 4)).toBe(4);
  expect(gridRows(config, 0)).toBe(config.grid.rows);
});

test('a grid is drawn in equal parts that are no larger than what the run trains with', () => {
  expect(gridBatch(config, 9)).toBe(24); // 72 pictures, at most 32 at once
  expect(gridBatch(withBatch(2048), 9)).toBe(24);
  expect(gridBatch(withBatch(64, 8), 9)).toBe(8);
  expect(gridBatch(withBatch(2048), 1)).toBe(8); // all of a small grid at once
  expect(gridBatch(withBatch(1), 9)).toBe(1);
});
