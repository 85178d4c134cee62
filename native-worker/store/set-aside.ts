import { readdirSync, rmdirSync, type Dirent } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasSystemCode } from '../../contract/errors.ts';
import { makeFolder } from '../system/make-folder.ts';
import { moveDurably } from './durable-file.ts';
import { insideLibrary, SET_ASIDE_FOLDER, statOf } from './paths.ts';

/**
 * What lies among the library's files and is none of them is moved to `set-aside/DATE/OLD PATH`, and stays there until
 * the user empties it.
 */

/** A file below a folder of the library. */
export interface FoundFile {
  /** Relative to the library, with `/`. */
  readonly file: string;
  /** A symbolic link: it is never followed, nor moved. */
  readonly link: boolean;
}

/** All files and links below a folder, without following links. @param relative the folder; it need not exist */
export function filesBelow(folder: string, relative: string): FoundFile[] {
  const found: FoundFile[] = [];
  const path = insideLibrary(folder, relative);
  if (statOf(path)?.isDirectory() === true) addFiles(path, relative, found);
  return found;
}

/** Asks the system once a folder: a library may have a hundred thousand files, and its start waits for this. */
function addFiles(path: string, relative: string, found: FoundFile[]): void {
  for (const entry of entriesOf(path)) {
    const file = `${relative}/${entry.name}`;
    if (entry.isDirectory()) addFiles(join(path, entry.name), file, found);
    else found.push({ file, link: entry.isSymbolicLink() });
  }
}

/** None of a folder that has just been removed. */
function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** What became of files that were to be set aside. */
export interface MovedAside {
  /** Old paths of those that were. */
  readonly moved: string[];
  /** Old paths of those that the system would not move, and why. */
  readonly left: { file: string; why: string }[];
}

/** The folder that takes what is set aside at a moment, relative to the library. */
export function asideFolder(at: Date): string {
  return `${SET_ASIDE_FOLDER}/${at.toISOString().replaceAll(/[:.]/g, '-')}`;
}

/**
 * Moves files or whole folders to where they can be looked at.
 *
 * @param files relative paths
 * @param into  `asideFolder` of the moment
 */
export function setAside(folder: string, files: readonly string[], into: string): MovedAside {
  const result: MovedAside = { moved: [], left: [] };
  for (const file of files) {
    try {
      const target = insideLibrary(folder, `${into}/${file}`);
      makeFolder(dirname(target));
      moveDurably(insideLibrary(folder, file), target);
      result.moved.push(file);
    } catch (error) {
      result.left.push({ file, why: error instanceof Error ? error.message : String(error) });
    }
  }
  return result;
}

/** All files in `set-aside`, oldest first, and their bytes. */
export function listSetAside(folder: string): { files: string[]; sizeBytes: number } {
  const files = filesBelow(folder, SET_ASIDE_FOLDER)
    .map(({ file }) => file)
    .sort();
  const sizes = files.map((file) => statOf(join(folder, file))?.size ?? 0);
  return { files, sizeBytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Deletes all that was set aside. Links in it are removed, what they lead to is not. */
export async function emptySetAside(folder: string): Promise<void> {
  const aside = insideLibrary(folder, SET_ASIDE_FOLDER);
  if (statOf(aside)?.isDirectory() !== true) return;
  for (const name of readdirSync(aside)) await rm(join(aside, name), { recursive: true, force: true });
}

/** Removes a folder and those in it that hold nothing, no link and no file; what holds something stays. */
export function removeEmptyFolders(folder: string, relative: string): void {
  const path = insideLibrary(folder, relative);
  if (statOf(path)?.isDirectory() !== true) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmptyFolders(folder, `${relative}/${entry.name}`);
  }
  if (readdirSync(path).length === 0) rmdirSync(path);
}
