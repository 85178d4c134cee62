import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { crashFailure, type Crash } from '../../../native-worker/service/job-process.ts';
import { oomKills } from '../../../native-worker/service/oom-kills.ts';

test('the kernel’s count of processes killed for memory is read, and unknown where there is none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edm2-vmstat-'));
  const path = join(folder, 'vmstat');
  expect(oomKills(path)).toBeNull();
  writeFileSync(path, 'pgfault 1234\n');
  expect(oomKills(path)).toBeNull();
  writeFileSync(path, 'pgfault 1234\noom_kill 7\nnuma_hit 1\n');
  expect(oomKills(path)).toBe(7);
  rmSync(folder, { recursive: true });
});

const crash = (part: Partial<Crash>): Crash => ({
  kind: 'crash',
  exitCode: null,
  signal: null,
  lastLines: [],
  oomKilled: null,
  ...part,
});
const advice = 'Micro-batch 8 would fit.';

test.each([
  ['a SIGKILL with the kernel’s sign', crash({ signal: 'SIGKILL', oomKilled: true }), 'killed by the system because'],
  ['std::bad_alloc', crash({ signal: 'SIGABRT', lastLines: ['what():  std::bad_alloc'] }), 'ran out of memory'],
  [
    'Node’s heap',
    crash({ signal: 'SIGABRT', lastLines: ['FATAL ERROR: JavaScript heap out of memory'] }),
    'ran out of memory',
  ],
])('%s is lack of memory, and what would fit is said', (_, end, words) => {
  const { code, message } = crashFailure('The training process', end, advice);
  expect(code).toBe('out-of-memory');
  expect(message).toContain(words);
  expect(message).toContain(advice);
});

test('a SIGKILL without that sign is nobody’s certain lack of memory', () => {
  const { code, message } = crashFailure(
    'The training process',
    crash({ signal: 'SIGKILL', oomKilled: false }),
    advice,
  );
  expect(code).toBe('internal');
  expect(message).toContain('from outside');
});
