import { expect, test } from 'vitest';
import { imagesAxis, magnitudeAxis, secondsAxis } from '../../../../renderer/lib/charts/axes.ts';
import { chartOptions, evenTicks, framed, withoutCrowdedEnd } from '../../../../renderer/lib/charts/chart-options.ts';

const values = (...list: number[]): number[] => withoutCrowdedEnd(list.map((value) => ({ value }))).map((t) => t.value);

test('the end of an axis is labelled only where its label has room', () => {
  expect(values(0, 50, 100, 150, 200, 250, 256)).toEqual([0, 50, 100, 150, 200, 250]);
  expect(values(0, 10_000, 20_000, 30_000, 35_008)).toEqual([0, 10_000, 20_000, 30_000, 35_008]);
  expect(values(0, 3)).toEqual([0, 3]);
});

test('ticks of a time are at round times, and at the end', () => {
  const steps = secondsAxis().steps!;
  const until = (max: number): number[] => evenTicks(0, max, steps).map(({ value }) => value);
  expect(until(2000)).toEqual([0, 600, 1200, 1800, 2000]);
  expect(until(45)).toEqual([0, 10, 20, 30, 40, 45]);
  expect(until(3 * 86_400)).toEqual([0, 43_200, 86_400, 129_600, 172_800, 216_000, 259_200]);
  expect(until(0)).toEqual([0]);
});

test('a chart in a frame begins and ends where the picture above it does', () => {
  const colors = { line: '#ccc', quiet: '#777' };
  const { layout, scales } = framed(chartOptions(imagesAxis(), magnitudeAxis(), colors, { family: 'sans', size: 11 }), {
    left: 60,
    end: 512,
  });
  expect(layout?.padding).toMatchObject({ right: 0 });
  expect(scales?.x).toMatchObject({ min: 0, max: 512 });
  const fitted = { width: 33, paddingLeft: 9, paddingRight: 9 };
  scales!.y!.afterFit!(fitted as never);
  scales!.x!.afterFit!(fitted as never);
  expect(fitted).toEqual({ width: 60, paddingLeft: 0, paddingRight: 0 });
});
