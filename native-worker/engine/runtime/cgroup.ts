/**
 * The memory that Linux lets us have: a limit may lie on our own control group or on any above it. Batch systems and
 * containers put it on the job and the process into a task below, and Node looks at the process's own group alone.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A mounted hierarchy of groups, and where in it we are. */
interface Groups {
  readonly version: 1 | 2;
  /** Folders of our own group and of those above it as far as they are shown to us, our own first. */
  readonly folders: readonly string[];
}

/**
 * The smallest limit on the memory of our control group and of those above it.
 *
 * @param process folder in /proc of the process; a parameter for tests
 * @returns bytes; null: none is set, or this is no Linux
 */
export function groupMemoryLimit(process = '/proc/self'): number | null {
  const limits = memoryGroups(process).flatMap(({ version, folders }) =>
    version === 2
      ? folders.map((folder) => numberIn(join(folder, 'memory.max'), /^(\d+)$/mu))
      : [numberIn(join(folders[0]!, 'memory.stat'), /^hierarchical_memory_limit (\d+)$/mu)],
  );
  const least = Math.min(...limits.filter((limit) => limit !== null));
  // Version 1 has no word for "none" but a number larger than any machine's memory.
  return least < Number.MAX_SAFE_INTEGER ? least : null;
}

/** Both versions may be mounted at once; memory is in one of them. */
function memoryGroups(process: string): Groups[] {
  const ours = lines(join(process, 'cgroup')).map((line) => /^\d+:([^:]*):(.*)$/u.exec(line));
  return lines(join(process, 'mountinfo')).flatMap((line) => {
    // 36 35 98:0 /its/group /mounted/at rw,noatime master:1 - cgroup cgroup rw,memory
    const match = /^\d+ \d+ \S+ (\S+) (\S+) .*? - (cgroup2?) \S+ (\S+)$/u.exec(line);
    if (match === null) return [];
    const [root, top] = [unescaped(match[1]!), unescaped(match[2]!)];
    const version = match[3] === 'cgroup2' ? 2 : 1;
    if (version === 1 && !match[4]!.split(',').includes('memory')) return [];
    const own = ours.find((one) => (version === 2 ? one?.[1] === '' : one?.[1]!.split(',').includes('memory')));
    if (own == null) return [];
    return [{ version, folders: foldersUpTo(top, withoutRoot(own[2]!, root)) }];
  });
}

/** A group's path from the mounted root on. A container may be shown its own group as the root, or be told a path outside. */
function withoutRoot(path: string, root: string): string {
  if (root === '/') return path.startsWith('/..') ? '/' : path;
  return path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : '/';
}

function foldersUpTo(top: string, path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return Array.from({ length: parts.length + 1 }, (_, above) => join(top, ...parts.slice(0, parts.length - above)));
}

/** Blanks in paths are written as octal numbers. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/gu, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function numberIn(path: string, pattern: RegExp): number | null {
  const found = pattern.exec(lines(path).join('\n'))?.[1];
  return found === undefined ? null : Number(found);
}

/** @returns none where there is no such file, or it may not be read */
function lines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return []; // the topmost group has no limit, and other systems have no groups
  }
}
