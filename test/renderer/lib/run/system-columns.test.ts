import { expect, test } from 'vitest';
import type { SystemColumns } from '../../../../contract/system.ts';
import { appendSystem, noSystem, resumedAt } from '../../../../renderer/lib/run/system-columns.ts';

const gpu = (index: number, values: (number | null)[]): SystemColumns['gpus'][number] => ({
  index,
  name: `card ${index}`,
  utilisation: values,
  memoryUsed: values,
  memoryTotal: 80e9,
  temperature: values,
  power: values,
});

/** Samples at these seconds; the clock on the wall shows them, and `late` more. */
const columns = (seconds: number[], gpus: SystemColumns['gpus'] = [], late: number[] = []): SystemColumns => ({
  seconds,
  at: seconds.map((value, index) => (value + (late[index] ?? 0)) * 1000),
  nimg: seconds.map((value) => value * 10),
  cpuPercent: seconds.map(() => 50),
  jobCpuPercent: seconds.map(() => null),
  memoryUsed: seconds.map(() => 1e9),
  memoryTotal: 16e9,
  jobMemory: seconds.map(() => 5e8),
  gpus,
});

test('news follow history, and what both have counts once', () => {
  const joined = appendSystem(columns([5, 10]), columns([10, 15]));
  expect(joined.seconds).toEqual([5, 10, 15]);
  expect(joined.cpuPercent).toHaveLength(3);
  expect(appendSystem(joined, columns([10, 15]))).toBe(joined);
  expect(appendSystem(noSystem, columns([5])).memoryTotal).toBe(16e9);
});

test('a card that comes or goes has gaps, as long as the time it was away', () => {
  const joined = appendSystem(columns([5, 10], [gpu(0, [1, 2])]), columns([10, 15, 20], [gpu(1, [7, 8, 9])]));
  expect(joined.gpus.map(({ index, power }) => [index, power])).toEqual([
    [0, [1, 2, null, null]],
    [1, [null, null, 8, 9]],
  ]);
});

test('a pause is where more time went by than was worked', () => {
  expect(resumedAt(columns([5, 10, 15, 20], [], [0, 0, 3600, 3600]))).toEqual([15]);
  expect(resumedAt(columns([5, 10, 300]))).toEqual([]); // thinned, not paused
});
