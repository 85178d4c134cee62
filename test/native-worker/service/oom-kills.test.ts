import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
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
