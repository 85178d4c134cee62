import { readFileSync, rmSync, statSync } from 'node:fs';

/** What lies where: paths say less than it seems, for a folder may be moved, removed and made anew. */

/** Device and inode of what lies at a path, decimal; null: nothing does. Follows links, as opening does. */
export function placeOf(path: string): { device: string; inode: string } | null {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : { device: String(found.dev), inode: String(found.ino) };
}

/**
 * Watches whether the file that a process has open still lies at its path. The system gives an inode to nobody else
 * while the file is open, so another one at the path is another file.
 *
 * @param path of a file that stays open
 * @returns answers 'no' only where it is certain: a disk that does not answer is no reason to let go
 */
export function watchPlace(path: string): () => boolean {
  const own = placeOf(path);
  return () => {
    try {
      const now = placeOf(path);
      return own !== null && now?.device === own.device && now.inode === own.inode;
    } catch {
      return true; // the system does not tell now
    }
  };
}

/** Removes a file if it still says what we wrote into it: what somebody else has written since is theirs. */
export function removeOwn(path: string, content: string): void {
  try {
    if (readFileSync(path, 'utf8') !== content) return;
  } catch {
    return; // there is none, or it is not ours to read
  }
  rmSync(path, { force: true });
}
