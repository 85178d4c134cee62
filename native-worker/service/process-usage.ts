import { readFileSync } from 'node:fs';

/** What a process of ours uses, as Linux tells it; other systems tell nothing. */
export interface ProcessUsage {
  /** Seconds of processor time since it began, user and system, all threads. */
  readonly cpuSeconds: number;
  /** Resident memory, bytes. */
  readonly memory: number;
}

/** Linux counts processor time for programs in hundredths of a second, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;

/**
 * @param root Linux's folder of processes; a parameter for tests
 * @returns null where the process is gone, or the system does not tell
 */
export function readUsage(pid: number, root = '/proc'): ProcessUsage | null {
  try {
    return parseUsage(readFileSync(`${root}/${pid}/stat`, 'utf8'), readFileSync(`${root}/${pid}/status`, 'utf8'));
  } catch {
    return null; // it has just ended, or this is not Linux
  }
}

/**
 * @param stat   text of /proc/PID/stat: fields 14 and 15 are user and system time in ticks
 * @param status text of /proc/PID/status: VmRSS is in kB
 */
export function parseUsage(stat: string, status: string): ProcessUsage | null {
  // The second field is the name in brackets and may hold blanks and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const kilobytes = /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1];
  if (!Number.isFinite(ticks) || kilobytes === undefined) return null;
  return { cpuSeconds: ticks / TICKS_PER_SECOND, memory: Number(kilobytes) * 1024 };
}
