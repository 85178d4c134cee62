import { expect, test } from 'vitest';
import { runFieldNamed } from '../../../../contract/run-fields.ts';
import type { RunCurve } from '../../../../renderer/pages/compare/panel-curves.ts';
import { groupedCurves, meanOf } from '../../../../renderer/pages/compare/group-curves.ts';
import { bandsWords } from '../../../../renderer/lib/charts/series.ts';
import { runGroups } from '../../../../renderer/lib/run/run-groups.ts';
import { runMark } from '../../../../renderer/lib/run-colors.ts';
import { exampleRun } from '../../support/examples.ts';

test('curves measured at the same places have their mean there, and a band from the smallest to the largest', () => {
  const { xs, ys, band } = meanOf([
    { xs: [1, 2], ys: [1, 10] },
    { xs: [1, 2], ys: [2, 20] },
    { xs: [1, 2], ys: [6, 30] },
  ]);
  expect({ xs, ys }).toEqual({ xs: [1, 2], ys: [3, 20] });
  expect(band).toEqual({ kind: 'range', low: [1, 10], high: [6, 30], runs: [3, 3], all: 3, shaded: true });
});

test('of four curves or more the band is one standard deviation, of n − 1', () => {
  const { ys, band } = meanOf([2, 4, 4, 6].map((y) => ({ xs: [1], ys: [y] })));
  expect([ys, band.kind]).toEqual([[4], 'deviation']);
  expect(4 - band.low[0]!).toBeCloseTo(Math.sqrt(8 / 3), 12);
  expect(band.high[0]! - 4).toBeCloseTo(Math.sqrt(8 / 3), 12);
});

test('at each place the mean is of the curves that have come so far, straight between what they measured', () => {
  const { xs, ys, band } = meanOf([
    { xs: [0, 10], ys: [0, 10] },
    { xs: [2, 4], ys: [4, 4] },
  ]);
  expect(xs).toEqual([0, 2, 4, 10]);
  expect(ys).toEqual([0, 3, 4, 10]);
  expect(band.runs).toEqual([1, 2, 2, 1]);
});

test('what is not finite is no value, nor is what lies beside it', () => {
  const { ys, band } = meanOf([
    { xs: [1, 3, 5], ys: [1, null, 5] },
    { xs: [1, 2, 3, 4, 5], ys: [3, 3, 3, Number.NaN, 3] },
  ]);
  expect(ys).toEqual([2, 3, 3, null, 4]);
  expect(band.runs).toEqual([2, 1, 1, 0, 2]);
  expect(band.low[3]).toBeNull();
});

test('a mean of long curves has no more places than are seen, both ends among them', () => {
  const long = (shift: number): { xs: number[]; ys: number[] } => {
    const xs = Array.from({ length: 4000 }, (_, at) => at * 10 + shift);
    return { xs, ys: xs.map((x) => 3 * x) };
  };
  const { xs, ys } = meanOf([long(0), long(3)]);
  expect(xs.length).toBe(2000);
  expect([xs[0], xs.at(-1)]).toEqual([0, 39_993]);
  xs.forEach((x, at) => expect(ys[at]).toBeCloseTo(3 * x, 6));
});

const seeds = [3, 1, 1, 3, 2].map((seed, at) => {
  const run = exampleRun({ id: at + 1, name: `run ${at + 1}`, tags: at === 4 ? ['long'] : [] });
  return { ...run, config: { ...run.config, training: { ...run.config.training, seed } } };
});
const curveOf = (runId: number, part = ''): RunCurve => ({
  ...{ id: `${runId}${part}`, runId, part, label: `run ${runId}`, xs: [1], ys: [runId] },
  ...(part === '' ? runMark(runId) : { token: runMark(runId).token, dash: [5, 3] }),
});

test('runs are grouped in the order of what they have in common, each in a colour of its own; alone a run stays its own', () => {
  const groups = runGroups(runFieldNamed('seed')!, seeds);
  const curves = groupedCurves(
    seeds.map(({ id }) => curveOf(id)),
    groups,
  );
  expect(curves.map(({ label, ys }) => [label, ys])).toEqual([
    ['Seed 1, mean of 2', [2.5]],
    ['run 5', [5]],
    ['Seed 3, mean of 2', [2.5]],
  ]);
  expect(curves.map(({ token }) => token)).toEqual([1, 2, 3].map((id) => runMark(id).token));
  expect(new Set(curves.map(({ id }) => id)).size).toBe(3);
});

test('what was trained on has a mean of its own, and runs without a curve are not counted', () => {
  const groups = runGroups(runFieldNamed('tag')!, seeds);
  const curves = groupedCurves([curveOf(1), curveOf(2), curveOf(1, 'trained on'), curveOf(2, 'trained on')], groups);
  expect(curves.map(({ label, dash }) => [label, dash.length])).toEqual([
    ['Without tags, mean of 2', 0],
    ['Without tags, trained on, mean of 2', 2],
  ]);
  expect(curves.map(({ band }) => band!.shaded)).toEqual([true, false]);
});

test('the words under a chart say what its bands are', () => {
  const curve = (count: number) => ({ ...curveOf(1), ...meanOf(Array.from({ length: count }, () => curveOf(1))) });
  expect(bandsWords([curveOf(1)])).toEqual([]);
  expect(bandsWords([curve(2), curve(3)])).toEqual(['Shaded: from the smallest to the largest value.']);
  expect(bandsWords([curve(4)])).toEqual(['Shaded: one standard deviation to both sides.']);
  expect(bandsWords([curve(2), curve(4)])[0]).toContain('of four runs or more');
});
