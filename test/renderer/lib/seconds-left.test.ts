import { expect, test } from 'vitest';
import { firstSeen, secondsLeft } from '../../../renderer/lib/jobs/seconds-left.ts';

const progress = { done: 100, total: 400, unit: 'pictures', text: '' };
const start = { done: 0, total: 400, at: 1000 };

test('a quarter done in ten seconds leaves thirty', () => {
  expect(secondsLeft(start, progress, 11_000)).toBeCloseTo(30);
});

test('who opens the page midway counts what was done since', () => {
  const first = firstSeen(null, progress, 5000);
  expect(secondsLeft(first, progress, 15_000)).toBeNull();
  expect(secondsLeft(first, { ...progress, done: 200 }, 15_000)).toBeCloseTo(20);
});

test('a job that begins with something else is counted anew', () => {
  expect(firstSeen(start, progress, 9000)).toBe(start);
  expect(firstSeen(start, { ...progress, total: 50 }, 9000)).toEqual({ done: 100, total: 50, at: 9000 });
  expect(firstSeen({ ...start, done: 300 }, progress, 9000)).toEqual({ done: 100, total: 400, at: 9000 });
  expect(firstSeen(start, null, 9000)).toBeNull();
});

test('nothing is promised in the first moments, without a total or before the first picture', () => {
  expect(secondsLeft(start, progress, 2000)).toBeNull();
  expect(secondsLeft(start, { ...progress, total: 0 }, 11_000)).toBeNull();
  expect(secondsLeft(start, { ...progress, done: 0 }, 11_000)).toBeNull();
  expect(secondsLeft(start, null, 11_000)).toBeNull();
  expect(secondsLeft(null, progress, 11_000)).toBeNull();
});
