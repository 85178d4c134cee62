import '../../support/no-charts.ts';
import type { Chart } from 'chart.js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { imagesAxis, rateAxis } from '../../../../renderer/lib/charts/axes.ts';
import { chartOptions } from '../../../../renderer/lib/charts/chart-options.ts';
import { areMany, ManyCurves, strokeOf } from '../../../../renderer/lib/charts/many-curves.ts';
import { inSlices } from '../../../../renderer/lib/charts/slices.ts';
import type { Series } from '../../../../renderer/lib/charts/series.ts';

/** What the next frames do. */
let frames: (() => void)[] = [];
const frame = (): void => {
  for (const run of frames.splice(0)) run();
};
beforeEach(() => {
  frames = [];
  vi.stubGlobal('requestAnimationFrame', (run: () => void) => frames.push(run));
});
afterEach(() => vi.unstubAllGlobals());

const curve = (points: number, change: Partial<Series> = {}): Series => ({
  ...{ id: 'a', label: 'a', token: '--run-1', dash: [] },
  xs: Array.from({ length: points }, (_, index) => index),
  ys: Array.from({ length: points }, (_, index) => index / 10),
  ...change,
});
const look = { color: '#0a1b2c', alpha: 1, width: 2, logX: false, logY: false };
const options = (log: boolean) =>
  chartOptions(imagesAxis(log), rateAxis(log), { line: '#eee', quiet: '#888' }, { family: 'sans-serif', size: 11 });

test('curves of many points are painted, those of few and bins are drawn', () => {
  expect(areMany([curve(2000), curve(2000)])).toBe(false);
  expect(areMany(Array.from({ length: 4 }, () => curve(2000)))).toBe(true);
  expect(areMany(Array.from({ length: 4 }, () => curve(2000, { steps: true })))).toBe(false);
});

test('a logarithmic axis counts logarithms, and leaves out what it has no place for', () => {
  const stroke = strokeOf(curve(0, { xs: [0, 1, 10, 100], ys: [5, 1, 0, null] }), { ...look, logX: true, logY: true });
  expect([...stroke.xs]).toEqual([0, 1, 2]);
  expect([...stroke.ys]).toEqual([0, Number.NaN, Number.NaN]);
  expect(stroke.color).toEqual([10, 27, 44]);
});

test('the same curve is made ready once, and anew where it or its look has changed', () => {
  const one = curve(10);
  expect(strokeOf({ ...one }, look)).toBe(strokeOf(one, look));
  expect(strokeOf(one, { ...look, logY: true })).not.toBe(strokeOf(one, look));
  expect(strokeOf({ ...one, ys: [...one.ys] }, look)).not.toBe(strokeOf(one, look));
});

test('axes reach over all curves, or over what is seen', () => {
  const many = new ManyCurves(() => undefined);
  many.strokes = [strokeOf(curve(1000), look)];
  expect(many.fitted(options(false), null, 999).scales).toMatchObject({
    x: { min: 0, max: 999 },
    y: { suggestedMin: 0, suggestedMax: 99.9 },
  });
  expect(many.fitted(options(false), { from: 100, to: 200 }, 999).scales).toMatchObject({
    x: { min: 100, max: 200 },
    y: { suggestedMin: 10, suggestedMax: 20 },
  });
  many.strokes = [strokeOf(curve(1000), { ...look, logX: true, logY: true })];
  const { x, y } = many.fitted(options(true), null, 1000).scales as Record<string, Record<string, number>>;
  expect([x!.min, x!.max]).toEqual([1, 1000]);
  expect([y!.suggestedMin, y!.suggestedMax]).toEqual([expect.closeTo(0.1, 9), expect.closeTo(99.9, 9)]);
});

/** Draws what is seen of x. @returns the part of the painting that was drawn: left, top, width, height; and its size */
function drawn(many: ManyCurves, from: number, to: number): { part: number[]; painted: number[] } {
  const drawImage = vi.fn();
  const ctx = { ...{ save: vi.fn(), beginPath: vi.fn(), rect: vi.fn(), clip: vi.fn(), restore: vi.fn() }, drawImage };
  const scales = { x: { type: 'linear', min: from, max: to }, y: { type: 'linear', min: 0, max: 100 } };
  const chartArea = { left: 10, top: 5, width: 100, height: 50 };
  const chart = { ctx, scales, chartArea, currentDevicePixelRatio: 2 } as unknown as Chart<'line'>;
  void many.plugin.beforeDatasetsDraw!(chart, { cancelable: true }, {});
  const [canvas, ...numbers] = drawImage.mock.calls[0] as [HTMLCanvasElement, ...number[]];
  expect(numbers.slice(4)).toEqual([10, 5, 100, 50]);
  return { part: numbers.slice(0, 4), painted: [canvas.width, canvas.height] };
}

test('what moves is copied from what was painted around it, what is zoomed is stretched until it is painted anew', () => {
  const redraw = vi.fn();
  const many = new ManyCurves(redraw);
  many.strokes = [strokeOf(curve(1000), look)];
  many.fitted(options(false), null, 1000);
  expect(drawn(many, 400, 500)).toEqual({ part: [0, 0, 200, 100], painted: [200, 100] });
  while (frames.length > 0) frame();
  expect(redraw).toHaveBeenCalledTimes(1);
  expect(drawn(many, 400, 500)).toEqual({ part: [200, 0, 200, 100], painted: [600, 100] });
  expect(drawn(many, 410, 510).part).toEqual([220, 0, 200, 100]);
  expect(frames).toEqual([]);
  expect(drawn(many, 440, 480).part.map(Math.round)).toEqual([280, 0, 80, 100]);
  while (frames.length > 0) frame();
  expect(drawn(many, 440, 480).painted[0]).toBe(300);
  many.close();
});

test('work is done in parts of frames, in turn, until it is given up', () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const steps: string[] = [];
  const work = function* (name: string): Generator<undefined, void> {
    for (let step = 1; step <= 4; step++) {
      now += 3; // milliseconds
      steps.push(`${name}${step}`);
      yield;
    }
  };
  inSlices(work('a'));
  const giveUp = inSlices(work('b'));
  frame();
  expect(steps).toEqual(['a1', 'a2']);
  frame();
  expect(steps.slice(2)).toEqual(['b1', 'b2']);
  giveUp();
  for (let count = 0; count < 5; count++) frame();
  expect(steps.slice(4)).toEqual(['a3', 'a4']);
  expect(frames).toEqual([]);
  vi.restoreAllMocks();
});
