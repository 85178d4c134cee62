import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What a process was started with, as the system shows it to others. */

/** `ps` answers at once, or the machine is beyond help. */
const PS_TIMEOUT_MS = 10_000;

/**
 * The program and arguments of a process, in one text with blanks between them.
 *
 * @returns null where there is no such process, it belongs to somebody else, or the system does not tell (Windows)
 */
export function commandLine(pid: number, platform: NodeJS.Platform = process.platform): string | null {
  if (platform === 'win32') return null;
  if (platform !== 'linux') {
    const { status, stdout } = spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], {
      encoding: 'utf8',
      timeout: PS_TIMEOUT_MS,
    });
    return status === 0 ? stdout.trimEnd() : null;
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trimEnd();
  } catch {
    return null; // it ended just now, or is somebody else's
  }
}
