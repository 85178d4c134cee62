import { expect, test } from 'vitest';
import { parseUsage, readUsage } from '../../../native-worker/service/process-usage.ts';

/** Fields 1 to 3, ten that don't matter, then user and system time in hundredths of a second. */
const stat = (name: string): string => `4711 (${name}) S 1 1 1 0 -1 0 0 0 0 0 1234 66 0 0 20 0 11 0 1`;

test('processor time and memory are read whatever the name of the process', () => {
  const status = 'Name:\tnode\nVmHWM:\t  900 kB\nVmRSS:\t  2048 kB\n';
  expect(parseUsage(stat('node'), status)).toEqual({ cpuSeconds: 13, memory: 2 ** 21 });
  expect(parseUsage(stat('a (b) c'), status)).toEqual({ cpuSeconds: 13, memory: 2 ** 21 });
});

test('a process that is gone, or that has no memory any more, tells nothing', () => {
  expect(readUsage(2 ** 22 + 1)).toBeNull();
  expect(parseUsage(stat('zombie'), 'Name:\tzombie\nState:\tZ (zombie)\n')).toBeNull();
});

test.skipIf(process.platform !== 'linux')(
  'a process that works uses processor time, and this one has some memory',
  () => {
    const before = readUsage(process.pid)!;
    const end = Date.now() + 150;
    while (Date.now() < end);
    const after = readUsage(process.pid)!;
    expect(after.cpuSeconds).toBeGreaterThan(before.cpuSeconds);
    expect(after.memory / process.memoryUsage.rss()).toBeCloseTo(1, 0);
  },
);
