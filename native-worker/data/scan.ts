import fs from 'node:fs';
import path from 'node:path';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import { MOST_CLASSES } from '../../contract/network.ts';
import { count } from '../../contract/units.ts';
import { NO_LABEL } from './dataset-format.ts';
import { printable, ProblemList } from './problems.ts';

/** More than this in a folder is a mistake (a whole disk was picked), or wants to be split. */
const MAX_ENTRIES = 2_000_000;

/** Folders in folders deeper than this are left out; a picture set has two or three levels. */
const MAX_DEPTH = 32;

/** Entries of a folder that the system hands over at once. */
const ENTRIES_AT_ONCE = 1024;

const PICTURE_NAME = /\.(?:png|jpe?g|jpe|jfif|webp)$/iu;

/** Pictures that people expect to work, and that must be said to be left out. */
const OTHER_PICTURE_NAME = /\.(?:gif|bmp|tiff?|avif|heic|heif|jxl|svg|psd|ppm|pgm|tga|exr)$/iu;

/** A file that looks like a picture. */
export interface Candidate {
  /** Path relative to the folder, as the system spells it. */
  readonly file: string;
  /** Index into `classes`; −1: no classes. */
  readonly label: number;
}

export interface FolderScan {
  /** In the order in which they are packed: by class, then by name. */
  readonly candidates: readonly Candidate[];
  /** Names of the subfolders that hold pictures, sorted; empty: the pictures lie in the folder itself. */
  readonly classes: readonly string[];
}

/**
 * Looks for pictures in a folder. Where there are subfolders with pictures, each is a class, and pictures deeper in it
 * belong to it, too; some pictures beside them have no class and are listed as problems. Hidden files and folders are
 * passed over. Links are followed to files inside the folder and nowhere else.
 *
 * @param problems takes what is left out
 * @param step     called for each entry with the number of entries so far; throws to break off
 * @param mostClasses more are refused
 * @throws {AppError} 'dataset' if the folder can't be read, holds too much, or holds no picture, or if it can't be told
 *   whether its own pictures are meant or those of its folders
 */
export async function scanFolder(
  folder: string,
  problems: ProblemList,
  step: (entries: number) => void,
  mostClasses = MOST_CLASSES,
): Promise<FolderScan> {
  const walk: Walk = { root: await readableFolder(folder), problems, step, entries: 0 };
  const top = await listFolder(walk, '', problems);
  const groups: { name: string; files: string[] }[] = [];
  for (const name of top.folders) {
    const files = await filesBelow(walk, name);
    if (files.length > 0) groups.push({ name, files });
    if (groups.length > mostClasses) throw tooManyClasses(folder, mostClasses);
  }
  if (groups.length === 0) {
    if (top.files.length === 0) throw noPictures(folder, problems);
    return { candidates: top.files.map((file) => ({ file, label: NO_LABEL })), classes: [] };
  }
  refuseUnclear(folder, top.files.length, groups);
  for (const file of top.files) {
    problems.add(file, 'lies beside the class folders, so its class is unknown; move it into one of them');
  }
  return {
    candidates: groups.flatMap(({ files }, label) => files.map((file) => ({ file, label }))),
    classes: groups.map(({ name }) => printable(name)),
  };
}

function tooManyClasses(folder: string, most: number): AppError {
  return new AppError(
    'dataset',
    `There are more than ${count(most)} folders with pictures in ${printable(folder)}, and each would be a class; that is the most a set can have. Put all pictures into one folder for a set without classes, or import fewer folders.`,
  );
}

/**
 * A few pictures beside class folders are strays. But one folder beside pictures is no class of theirs (masks? more of
 * them?), and where most pictures lie beside the folders, these are hardly classes: to guess would be to train on the wrong pictures.
 */
function refuseUnclear(
  folder: string,
  own: number,
  groups: readonly { name: string; files: readonly string[] }[],
): void {
  const inFolders = groups.reduce((sum, { files }) => sum + files.length, 0);
  if (own === 0 || (groups.length > 1 && own <= inFolders)) return;
  const [first] = groups;
  const where =
    groups.length === 1
      ? `one folder with pictures, ${printable(first!.name)} (${count(inFolders)})`
      : `${count(groups.length)} folders with pictures, such as ${printable(first!.name)} (${count(inFolders)} in all)`;
  throw new AppError(
    'dataset',
    `${printable(folder)} has pictures of its own (${count(own)}) and ${where}. Which are meant? For its own, move ${groups.length === 1 ? 'that folder' : 'those folders'} elsewhere, or put a dot before the name; for those of a folder, import that folder; for all as one set, put them into one folder; for classes, put its own into a folder, too.`,
  );
}

interface Walk {
  /** Absolute, without links in it. */
  readonly root: string;
  readonly problems: ProblemList;
  readonly step: (entries: number) => void;
  entries: number;
}

/** Paths relative to the root, sorted by code unit, so that every system and language gives the same order. */
interface Listing {
  readonly files: string[];
  readonly folders: string[];
}

async function filesBelow(walk: Walk, top: string): Promise<string[]> {
  const files: string[] = [];
  const pending = [{ folder: top, depth: 1 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.depth > MAX_DEPTH) {
      walk.problems.add(next.folder, `is nested more than ${MAX_DEPTH} folders deep`);
      continue;
    }
    const { depth } = next;
    const listing = await listFolder(walk, next.folder, walk.problems);
    for (const file of listing.files) files.push(file);
    for (const folder of listing.folders) pending.push({ folder, depth: depth + 1 });
  }
  return files.sort();
}

async function listFolder(walk: Walk, relative: string, problems: ProblemList): Promise<Listing> {
  const listing: Listing = { files: [], folders: [] };
  try {
    for await (const entry of await fs.promises.opendir(path.join(walk.root, relative), {
      bufferSize: ENTRIES_AT_ONCE,
    })) {
      walk.entries += 1;
      walk.step(walk.entries);
      if (walk.entries > MAX_ENTRIES) {
        throw new AppError(
          'dataset',
          `There are more than ${count(MAX_ENTRIES)} files and folders in ${printable(walk.root)}. Pick a smaller folder, or import it in parts.`,
        );
      }
      if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
      await sortIn(walk, path.join(relative, entry.name), entry, listing);
    }
  } catch (error) {
    if (error instanceof AppError || relative === '') throw error;
    problems.add(relative, `is a folder that can't be opened (${systemWords(error)})`);
  }
  listing.files.sort();
  listing.folders.sort();
  return listing;
}

async function sortIn(walk: Walk, relative: string, entry: fs.Dirent, listing: Listing): Promise<void> {
  if (entry.isDirectory()) {
    listing.folders.push(relative);
  } else if (entry.isSymbolicLink()) {
    const reason = await linkProblem(walk.root, path.join(walk.root, relative));
    if (reason !== null) walk.problems.add(relative, reason);
    else if (PICTURE_NAME.test(entry.name)) listing.files.push(relative);
  } else if (PICTURE_NAME.test(entry.name)) {
    if (entry.isFile()) listing.files.push(relative);
    else walk.problems.add(relative, 'is not a regular file');
  } else if (OTHER_PICTURE_NAME.test(entry.name)) {
    walk.problems.add(relative, "is of a kind that can't be imported; convert it to PNG, JPEG or WebP");
  }
}

/** Why a link is not followed; null: it leads to a file inside the folder. */
async function linkProblem(root: string, link: string): Promise<string | null> {
  try {
    const target = await fs.promises.realpath(link);
    if (target !== root && !target.startsWith(root.endsWith(path.sep) ? root : root + path.sep)) {
      return 'is a link that leads out of the folder; copy the pictures themselves';
    }
    if (!(await fs.promises.stat(target)).isFile()) return 'is a link to a folder; only links to files are followed';
    return null;
  } catch (error) {
    return `is a link that leads nowhere (${systemWords(error)})`;
  }
}

async function readableFolder(folder: string): Promise<string> {
  try {
    const root = await fs.promises.realpath(folder);
    await (await fs.promises.opendir(root)).close();
    return root;
  } catch (error) {
    throw new AppError('dataset', `The folder ${printable(folder)} can't be opened (${systemWords(error)}).`, {
      cause: error,
    });
  }
}

function noPictures(folder: string, problems: ProblemList): AppError {
  const why =
    problems.count === 0
      ? ''
      : ` ${problems.first()!.file} ${problems.first()!.reason}${problems.count > 1 ? ', and more' : ''}.`;
  return new AppError(
    'dataset',
    `There are no PNG, JPEG or WebP pictures in ${printable(folder)}.${why} Pick a folder that holds pictures, or one subfolder of pictures for each class.`,
  );
}

function systemWords(error: unknown): string {
  if (hasSystemCode(error, 'ENOENT')) return 'it is not there';
  if (hasSystemCode(error, 'ENOTDIR')) return 'it is not a folder';
  if (hasSystemCode(error, 'EACCES') || hasSystemCode(error, 'EPERM')) return 'permission denied';
  if (hasSystemCode(error, 'ELOOP')) return 'it leads in a circle';
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
