import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import type { Folder } from '../../contract/folders.ts';

/**
 * Folders by opaque ids. The page gets ids of places to start from and of what lies in them, and hands ids back: it can
 * walk, but never say a path.
 */

/** Ids that are remembered; the oldest is forgotten. A walk through a large tree stays in bounds. */
const MAX_FOLDERS = 20_000;

/** Subfolders and files that are looked at in one folder. */
const MAX_ENTRIES = 5000;

const PICTURE = /\.(png|jpe?g|webp)$/i;

export interface FolderListing {
  folder: Folder | null;
  parent: Folder | null;
  folders: Folder[];
  /** Pictures directly in it. */
  pictures: number;
}

export class Folders {
  readonly #byId = new Map<string, string>();
  readonly #byPath = new Map<string, string>();

  /** The path behind an id. @throws {AppError} 'not-found' */
  path(id: string): string {
    const path = this.#byId.get(id);
    if (path === undefined) throw new AppError('not-found', 'This folder was picked too long ago; pick it again.');
    return path;
  }

  /**
   * Gives a folder an id.
   *
   * @param path absolute, from somebody who may say paths
   * @throws {AppError} 'not-found' if there is no such folder
   */
  async grant(path: string): Promise<Folder> {
    if (!isAbsolute(path) || path.includes('\0')) {
      throw new AppError('invalid-input', `"${path}" is not the absolute path of a folder.`);
    }
    const whole = resolve(path);
    const found = await stat(whole).catch(() => null);
    if (found === null) throw new AppError('not-found', `There is no folder ${whole}.`);
    if (!found.isDirectory()) throw new AppError('not-found', `${whole} is a file, not a folder.`);
    return this.#describe(whole);
  }

  /**
   * What lies in a folder.
   *
   * @param id null: the places to start from
   * @throws {AppError} 'not-found'; 'forbidden' if it may not be read
   */
  async list(id: string | null): Promise<FolderListing> {
    if (id === null) {
      const places = await placesToStart();
      return { folder: null, parent: null, folders: places.map((path) => this.#describe(path)), pictures: 0 };
    }
    const path = this.path(id);
    const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
      if (hasSystemCode(error, 'EACCES') || hasSystemCode(error, 'EPERM')) {
        throw new AppError('forbidden', `${path} may not be read.`, { cause: error });
      }
      throw new AppError('not-found', `There is no folder ${path} any more.`, { cause: error });
    });
    const shown = entries.filter((entry) => !entry.name.startsWith('.')).slice(0, MAX_ENTRIES);
    const names = shown.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    const parent = dirname(path);
    return {
      folder: this.#describe(path),
      parent: parent === path ? null : this.#describe(parent),
      folders: names.sort((a, b) => a.localeCompare(b)).map((name) => this.#describe(join(path, name))),
      pictures: shown.filter((entry) => entry.isFile() && PICTURE.test(entry.name)).length,
    };
  }

  #describe(path: string): Folder {
    let id = this.#byPath.get(path);
    if (id === undefined) {
      id = randomBytes(16).toString('base64url');
      this.#byPath.set(path, id);
      this.#byId.set(id, path);
      this.#forgetOldest();
    }
    return { id, name: basename(path) || path, path };
  }

  #forgetOldest(): void {
    if (this.#byId.size <= MAX_FOLDERS) return;
    for (const [id, path] of this.#byId) {
      this.#byId.delete(id);
      this.#byPath.delete(path);
      return;
    }
  }
}

/** The home folder, the root or drives, and what is mounted where people put pictures. */
async function placesToStart(): Promise<string[]> {
  const candidates =
    process.platform === 'win32'
      ? [...homeFolders(), ...'CDEFGHIJ'.split('').map((letter) => `${letter}:\\`)]
      : [...homeFolders(), '/mnt', '/media', '/data', '/Volumes', '/'];
  const existing = await Promise.all(
    candidates.map(async (path) => ((await stat(path).catch(() => null))?.isDirectory() === true ? path : null)),
  );
  return [...new Set(existing.filter((path) => path !== null))];
}

/** None where the system does not know the user. */
function homeFolders(): string[] {
  try {
    return [homedir()];
  } catch {
    return [];
  }
}
