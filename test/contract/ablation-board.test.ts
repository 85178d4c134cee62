import { expect, test } from 'vitest';
import { boardOf, type BoardRun } from '../../contract/ablation-board.ts';
import type { DynamicsKind } from '../../contract/dynamics.ts';
import type { DynamicsTable } from '../../contract/dynamics-table.ts';
import { climb, type RungName } from '../../contract/ladder.ts';
import { presets } from '../../contract/presets.ts';
import { exampleRunSummary } from '../renderer/support/examples.ts';

const table = (kind: DynamicsKind, nimg: number[], rows: Record<string, number[]>): DynamicsTable => ({
  kind,
  nimg,
  layers: Object.keys(rows),
  values: Object.values(rows),
});

interface Made {
  rung?: RungName;
  seed?: number;
  learningRate?: number;
  errors?: Record<number, number>;
  weights?: [number, number];
  speed?: number | null;
}

function made(
  id: number,
  { rung = 'G', seed = 0, learningRate, errors = {}, weights = [1, 1], speed = 10 }: Made,
): BoardRun {
  const config = climb(presets[0]!.config, rung);
  const training = { ...config.training, seed, learningRate: learningRate ?? config.training.learningRate };
  const name = `σ_rel ${config.grid.sigmaRel}: held out`;
  const nimg = Object.keys(errors).map(Number);
  return {
    run: { ...exampleRunSummary({ id, name: `run ${id}`, imagesPerSecond: speed }), config: { ...config, training } },
    validation: table('validation', nimg, nimg.length === 0 ? {} : { [name]: Object.values(errors) }),
    weight: table('weight', [100, 200], { a: [weights[0], weights[1]], b: [weights[0], weights[1]] }),
    activation: table('activation', [], {}),
  };
}

test('runs that differ in their seed alone are one row, with mean and deviation', () => {
  const { nimg, rows } = boardOf([
    made(3, { rung: 'C', errors: { 100: 3, 200: 2.5 }, weights: [0.5, 1] }),
    made(1, { seed: 0, errors: { 100: 2, 200: 1 }, speed: 12 }),
    made(2, { seed: 1, errors: { 100: 4 }, speed: 8 }),
  ]);
  expect(nimg).toBe(100); // the newest that all of them have
  expect(rows.map(({ label, runs }) => [label, runs.map(({ run }) => run.id)])).toEqual([
    ['G', [1, 2]],
    ['C', [3]],
  ]);
  expect(rows[0]).toMatchObject({
    error: { mean: 3, deviation: Math.SQRT2 },
    weightGrowth: { mean: 1, deviation: 0 },
    activationGrowth: null,
    imagesPerSecond: { mean: 10 },
  });
  expect(rows[1]).toMatchObject({ error: { mean: 3, deviation: null }, weightGrowth: { mean: 2 } });
});

test('rows are named by what differs within a rung, not by what a rung brings with it', () => {
  const { rows } = boardOf([
    made(1, { rung: 'A' }),
    made(2, { rung: 'G', learningRate: 0.01 }),
    made(3, { rung: 'G', learningRate: 0.005 }),
  ]);
  expect(rows.map(({ label }) => label)).toEqual([
    'A, Learning rate 0.0001',
    'G, Learning rate 0.01',
    'G, Learning rate 0.005',
  ]);
});

test('runs on other pictures, or of other length, are rows of their own, and say so', () => {
  const [a, b] = [made(1, {}), made(2, { seed: 1 })];
  const other = { ...b, run: { ...b.run, datasetName: 'cats' } };
  expect(boardOf([a, other]).rows.map(({ label }) => label)).toEqual([`Data ${a.run.datasetName}`, 'Data cats']);
  // On another rung, too, a longer run is not told by its rung alone.
  const c = made(3, { rung: 'C' });
  const config = { ...c.run.config!, training: { ...c.run.config!.training, durationImages: 99 } };
  const longer = { ...c, run: { ...c.run, config } };
  expect(boardOf([a, longer]).rows.map(({ label }) => label)).toEqual([
    'G, Duration images 35008',
    'C, Duration images 99',
  ]);
});

test('runs that were not validated have no error, and hide none of the others', () => {
  const { nimg, rows } = boardOf([made(1, { errors: { 100: 2 } }), made(2, { learningRate: 0.5, speed: null })]);
  expect(nimg).toBe(100);
  expect(rows.map(({ error }) => error?.mean ?? null)).toEqual([2, null]);
  expect(rows[1]!.imagesPerSecond).toBeNull();
  expect(boardOf([made(1, {})])).toMatchObject({ nimg: null, rows: [{ label: 'run 1', error: null }] });
});
