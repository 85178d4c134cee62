import { expect, test, vi } from 'vitest';
import { remembered } from '../../../native-worker/service/remembered.ts';

test('who asks together or soon after shares one answer; later it is found out again', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  let asked = 0;
  const ask = remembered(1000, () => Promise.resolve(++asked));
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
  vi.advanceTimersByTime(999);
  expect(await ask()).toBe(1);
  vi.advanceTimersByTime(1);
  expect(await ask()).toBe(2);
  vi.useRealTimers();
});

test('a failure is told to all who asked and forgotten', async () => {
  let asked = 0;
  const ask = remembered(1000, () => (++asked === 1 ? Promise.reject(new Error('not now')) : Promise.resolve(asked)));
  expect((await Promise.allSettled([ask(), ask()])).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await ask()).toBe(2);
});

test('what is to be forgotten is found out anew', async () => {
  let asked = 0;
  const ask = remembered(60_000, () => Promise.resolve(++asked));
  expect([await ask(), await ask()]).toEqual([1, 1]);
  ask.forget();
  expect(await ask()).toBe(2);
});
