import { expect, test } from 'vitest';
import { Restarts, WELL_MS } from '../../contract/restarts.ts';

test('a service that dies is started again once', () => {
  const restarts = new Restarts();
  expect(restarts.allow(1000)).toBe(true);
  expect(restarts.allow(WELL_MS - 1)).toBe(false);
});

test('one that was well for ten minutes is started again, however many died before', () => {
  const restarts = new Restarts();
  expect(WELL_MS).toBe(600_000);
  for (const livedMs of [WELL_MS, WELL_MS, 2 * WELL_MS]) expect(restarts.allow(livedMs)).toBe(true);
  expect(restarts.allow(0)).toBe(false);
});
