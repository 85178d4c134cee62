import { expect, test } from 'vitest';
import { StepLimit } from '../../../../native-worker/engine/session/step-limit.ts';

test('a step has a minute, three times the slowest of the last ten if that is more, and half an hour the first time', () => {
  const limit = new StepLimit();
  expect(limit.of('train')).toBe(30 * 60_000);
  limit.took('train', 5000);
  expect(limit.of('train')).toBe(60_000);
  limit.took('train', 40_000);
  expect(limit.of('train')).toBe(120_000);
  expect(limit.of('measure')).toBe(30 * 60_000);
  for (let step = 0; step < 10; step += 1) limit.took('train', 100);
  expect(limit.of('train')).toBe(60_000);
});

test('who asks for seconds gets them, and thirty times as many for the first', () => {
  const limit = new StepLimit(2);
  expect(limit.of('train')).toBe(60_000);
  limit.took('train', 10);
  expect(limit.of('train')).toBe(2000);
});
