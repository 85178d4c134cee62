import { expect, test } from 'vitest';
import { secondsLeft } from '../../../renderer/lib/jobs/seconds-left.ts';

const progress = { done: 100, total: 400, unit: 'pictures', text: '' };

test('a quarter done in ten seconds leaves thirty', () => {
  expect(secondsLeft({ progress, startedAt: 1000 }, 11_000)).toBeCloseTo(30);
});

test('nothing is promised in the first moments, without a total or before the first picture', () => {
  expect(secondsLeft({ progress, startedAt: 1000 }, 2000)).toBeNull();
  expect(secondsLeft({ progress: { ...progress, total: 0 }, startedAt: 1000 }, 11_000)).toBeNull();
  expect(secondsLeft({ progress: { ...progress, done: 0 }, startedAt: 1000 }, 11_000)).toBeNull();
  expect(secondsLeft({ progress: null, startedAt: 1000 }, 11_000)).toBeNull();
});
