import { expect, test } from 'vitest';
import { MICRO_BATCHES } from '../../contract/jobs.ts';
import { gridsBetween, progressWords, secondsToGo } from '../../contract/time-left.ts';

const run = { nimg: 500, durationImages: 1500, imagesPerSecond: 10, sampleImages: 0, gridSeconds: null };
const drawing = { done: 12, total: 18, unit: 'steps', text: 'Drawing 64 pictures' };

test('the time to go is what is left at the present speed, and unknown without one', () => {
  expect(secondsToGo(run)).toBe(100);
  expect(secondsToGo(run, null, 1000)).toBe(50);
  expect(secondsToGo({ ...run, imagesPerSecond: null })).toBeNull();
  expect(secondsToGo({ ...run, nimg: 1500, durationImages: 1000 })).toBe(0);
});

test('grids are drawn at each multiple and at the end, once, and never where the interval is 0', () => {
  expect(gridsBetween(500, 1500, 400, 1500)).toBe(3); // 800, 1200, 1500
  expect(gridsBetween(500, 1600, 400, 1600)).toBe(3); // 800, 1200, 1600
  expect(gridsBetween(500, 1000, 400, 1500)).toBe(1); // 800
  expect(gridsBetween(1500, 1500, 400, 1500)).toBe(0);
  expect(gridsBetween(0, 1500, 0, 1500)).toBe(0);
});

test('the time to go has the grids in it, at the speed of the newest', () => {
  const withGrids = { ...run, sampleImages: 400, gridSeconds: 60 };
  expect(secondsToGo(withGrids)).toBe(100 + 3 * 60);
  expect(secondsToGo({ ...withGrids, nimg: 800 }, drawing)).toBe(70 + 2 * 60 + 20);
  expect(secondsToGo(withGrids, { ...drawing, unit: MICRO_BATCHES })).toBe(secondsToGo(withGrids));
});

test('the last grid is never "0 s left": while the first is drawn nobody knows', () => {
  const last = { ...run, nimg: 1500, sampleImages: 400 };
  expect(secondsToGo(last, drawing)).toBeNull();
  expect(secondsToGo({ ...last, gridSeconds: 900 }, drawing)).toBeCloseTo(300);
});

test('progress is said with its steps', () => {
  expect(progressWords(drawing)).toBe('Drawing 64 pictures, 12 of 18 steps');
  expect(progressWords({ ...drawing, total: 0 })).toBe('Drawing 64 pictures, 12 steps');
  expect(progressWords({ done: 0, total: 0, unit: '', text: 'Waiting for box:7900' })).toBe('Waiting for box:7900');
});
