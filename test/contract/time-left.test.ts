import { expect, test } from 'vitest';
import { MICRO_BATCHES } from '../../contract/jobs.ts';
import { gridsBetween, percentDone, progressWords, secondsToGo, shareDone } from '../../contract/time-left.ts';

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

test('nothing is ever done to more than 100 %, and 100 % is not said before all is done', () => {
  // One batch of 128 for a run of 100 images; 52 of 50; the other way round.
  expect([percentDone(128, 100), percentDone(52, 50), percentDone(-1, 50)]).toEqual(['100 %', '100 %', '0 %']);
  expect([percentDone(34_999, 35_000), percentDone(29, 100), percentDone(57, 100)]).toEqual(['99 %', '29 %', '57 %']);
  expect([percentDone(5, 0), percentDone(NaN, 1)]).toEqual(['0 %', '0 %']);
  expect([shareDone(128, 100), shareDone(1, 4), shareDone(3, 0)]).toEqual([1, 0.25, 0]);
});
