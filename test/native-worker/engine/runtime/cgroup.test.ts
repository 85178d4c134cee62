import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { groupMemoryLimit } from '../../../../native-worker/engine/runtime/cgroup.ts';

/** Files as the kernel shows them, in a folder. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2 groups-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const NONE = '9223372036854771712'; // what version 1 has for "no limit"

/**
 * @param ours   /proc/self/cgroup
 * @param mounts [type, root, folder, options] of each mount, the folder below the test's own
 * @param files  limits by path below the test's own folder
 */
function limit(ours: string[], mounts: [string, string, string, string][], files: Record<string, string>): number | null {
  const mountinfo = mounts.map(
    ([type, root, top, options]) =>
      `31 23 0:28 ${root} ${join(folder, top).replaceAll(' ', '\\040')} rw,relatime shared:1 - ${type} ${type} ${options}`,
  );
  const all = { cgroup: `${ours.join('\n')}\n`, mountinfo: `${mountinfo.join('\n')}\n`, ...files };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return groupMemoryLimit(folder);
}

const v2 = ['cgroup2', '/', 'top', 'rw'] as [string, string, string, string];
const v1 = ['cgroup', '/', 'memory', 'rw,memory'] as [string, string, string, string];

test('a limit on the group above ours counts as well as one on our own, the smallest of them', () => {
  const files = { 'top/job/memory.max': '500000000\n', 'top/job/step/memory.max': 'max\n' };
  expect(limit(['0::/job/step/task'], [v2], { ...files, 'top/job/step/task/memory.max': 'max\n' })).toBe(500e6);
  expect(limit(['0::/job/step/task'], [v2], { ...files, 'top/job/step/task/memory.max': '1000\n' })).toBe(1000);
});

test('no limit is none', () => {
  expect(limit(['0::/job'], [v2], { 'top/job/memory.max': 'max\n' })).toBeNull();
  expect(limit(['4:memory:/job'], [v1], { 'memory/job/memory.stat': `hierarchical_memory_limit ${NONE}\n` })).toBeNull();
  expect(groupMemoryLimit('/nowhere')).toBeNull();
});

test('groups of version 1 say themselves what limit they inherit', () => {
  const files = { 'memory/job/task_0/memory.stat': 'cache 5\nhierarchical_memory_limit 524288000\ntotal_cache 5\n' };
  const others = ['cgroup', '/', 'cpu', 'rw,cpu,cpuacct'] as [string, string, string, string];
  const unified = ['cgroup2', '/', 'unified', 'rw'] as [string, string, string, string];
  expect(limit(['3:cpu,cpuacct:/', '4:memory:/job/task_0', '0::/'], [others, v1, unified], files)).toBe(524_288_000);
});

test('in a container the group that it is shown as the topmost is its own', () => {
  const shown = ['cgroup', '/docker/1a', 'memory', 'rw,memory'] as [string, string, string, string];
  const files = { 'memory/memory.stat': 'hierarchical_memory_limit 1000\n' };
  expect(limit(['4:memory:/docker/1a'], [shown], files)).toBe(1000);
  expect(limit(['4:memory:/elsewhere'], [shown], files)).toBe(1000);
  expect(limit(['0::/../..'], [v2], { 'top/memory.max': '2000\n' })).toBe(2000);
});
