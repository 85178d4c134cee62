/** How many threads TensorFlow's kernels should use. */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/**
 * Physical processor cores that this process may use. Two hardware threads of one core share its vector units, so a
 * second thread gains convolutions nothing.
 *
 * @param root Linux's folder of processors; a parameter for tests
 * @returns at least 1; the number of logical processors where the machine doesn't say which share a core
 */
export function physicalCores(root = '/sys/devices/system/cpu'): number {
  const logical = availableParallelism();
  const cores = new Set<string>();
  try {
    for (const name of readdirSync(root)) {
      if (!/^cpu\d+$/.test(name)) continue;
      cores.add(readFileSync(join(root, name, 'topology', 'thread_siblings_list'), 'utf8').trim());
    }
  } catch {
    return logical; // not Linux, or a container that hides the topology
  }
  return cores.size === 0 ? logical : Math.min(cores.size, logical);
}
