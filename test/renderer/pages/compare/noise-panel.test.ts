import { expect, test } from 'vitest';
import type { DynamicsTable } from '../../../../contract/dynamics-table.ts';
import { sigmaBinNames } from '../../../../contract/noise-levels.ts';
import { densities, endedWords, noiseCurves } from '../../../../renderer/pages/compare/noise-panel.ts';
import { exampleRun } from '../../support/examples.ts';

const run = (id: number, pMean = -0.8) => {
  const made = exampleRun();
  return {
    ...{ ...made, id, name: `run ${id}` },
    config: { ...made.config, training: { ...made.config.training, pMean } },
  };
};
const table = (kind: 'noise-count' | 'noise-error', nimg: number[], line: (number | null)[]): DynamicsTable => ({
  kind,
  layers: nimg.length === 0 ? [] : [...sigmaBinNames],
  nimg,
  values: nimg.length === 0 ? [] : sigmaBinNames.map(() => line),
});

test('the error is that of the moment, and of the last where a run had ended; who has none is named', () => {
  const tick = exampleRun().config.logging.tickImages;
  const errors = table('noise-error', [tick, 2 * tick], [4, 1]);
  const counts = table('noise-count', [tick, 2 * tick], [60, 60]);
  const none = { counts: table('noise-count', [], []), errors: table('noise-error', [], []) };
  const runs = [
    { run: run(1), counts, errors },
    { run: run(2), ...none },
    { run: run(3), counts: undefined, errors },
  ];
  const first = noiseCurves(runs, tick);
  expect(first.curves.map(({ label, ys }) => [label, ys[0], ys.length])).toEqual([['run 1', 4, 24]]);
  expect(first.unrecorded).toEqual(['run 2']);
  expect(endedWords(first.ended)).toBe('');
  const late = noiseCurves(runs, 4 * tick);
  expect(late.curves[0]!.ys[0]).toBe(1);
  expect(endedWords(late.ended)).toMatch(/^Ended before, and drawn at their last: run 1 at /);
});

test('a density that all runs have stands once, for none of them', () => {
  expect(densities([run(1), run(2)]).map(({ label, token }) => [label, token])).toEqual([
    ['P_mean -0.8, P_std 1.6', '--line-strong'],
  ]);
  expect(densities([run(1), run(2), run(3, -0.4), run(4)]).map(({ label, token }) => [label, token])).toEqual([
    ['P_mean -0.8, P_std 1.6: run 1, run 2 and 1 more', '--run-1'],
    ['P_mean -0.4, P_std 1.6: run 3', '--run-3'],
  ]);
});
