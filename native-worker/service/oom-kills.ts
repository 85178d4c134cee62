import { readFileSync } from 'node:fs';

/**
 * How many processes Linux has killed for want of memory since it started, on the whole machine. When this rises while
 * a process dies of SIGKILL, it was that.
 *
 * @param path of the kernel's counters; a parameter for tests
 * @returns null where the system does not tell
 */
export function oomKills(path = '/proc/vmstat'): number | null {
  try {
    const count = /^oom_kill (\d+)$/m.exec(readFileSync(path, 'utf8'))?.[1];
    return count === undefined ? null : Number(count);
  } catch {
    return null; // not Linux
  }
}
