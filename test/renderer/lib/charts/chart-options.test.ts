import { expect, test } from 'vitest';
import { errorAxis, imagesAxis, magnitudeAxis, secondsAxis, sigmaAxis } from '../../../../renderer/lib/charts/axes.ts';
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

test('an axis with places of its own has those of its ticks that it reaches, and begins where its frame says', () => {
  const colors = { line: '#ccc', quiet: '#777' };
  const options = chartOptions(sigmaAxis(), errorAxis(), colors, { family: 'sans', size: 11 });
  const { scales } = framed(options, { left: 60, start: 0.002, end: 80 });
  expect(scales?.x).toMatchObject({ type: 'logarithmic', min: 0.002, max: 80 });
  const ticksOf = (min: number, max: number): number[] => {
    const built = { min, max, ticks: [{ value: min }] };
    scales!.y!.afterBuildTicks!(built as never);
    return built.ticks.map(({ value }) => value);
  };
  expect(ticksOf(0.1, 2)).toEqual([0.1, 0.2, 0.5, 1, 2]);
  expect(ticksOf(20, 30)).toEqual([20]); // none of them: as they were
});
