import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { jobEnvironment } from '../../../../native-worker/engine/runtime/environment.ts';
import { root } from '../../../support/root.ts';

/** Threads that do the work of a session in a job process. */
function workingThreads(threads: number): number {
  const child = spawnSync(process.execPath, [join(root, 'test/support/working-threads.ts')], {
    encoding: 'utf8',
    env: jobEnvironment({ runtime: 'cpu', threads }),
  });
  expect(child.status, child.stderr).toBe(0);
  return Number(child.stdout);
}

test.skipIf(process.platform !== 'linux' || availableParallelism() < 2)(
  'a session computes with as many threads as the job was given, whatever tfjs does beside it',
  () => {
    expect(workingThreads(1)).toBe(1);
    expect(workingThreads(2)).toBe(2);
  },
);
