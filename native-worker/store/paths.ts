import { lstatSync, type Stats } from 'node:fs';
import { dirname, join, relative as pathBetween, resolve, sep } from 'node:path';
import { AppError, hasSystemCode } from '../../contract/errors.ts';

/** Where things lie in a library folder. Rows hold the relative paths, with `/` on every system. */

export const DATABASE_NAME = 'library.sqlite';
/** Workers on other machines, and their tokens. */
export const MACHINES_NAME = 'machines.json';
/** Saved views of runs. */
export const VIEWS_NAME = 'views.json';
/** The port for browsers, and the sessions of those that were let in. */
export const BROWSERS_NAME = 'browsers.json';
export const BACKUPS_FOLDER = 'backups';
export const LOGS_FOLDER = 'logs';
export const TEMPORARY_FOLDER = 'files/tmp';
/** Takes what lies among our files and is none of them. */
export const SET_ASIDE_FOLDER = 'set-aside';
/** Locked while a service lives, and the first thing that is made in a library: it marks a folder as one. */
export const HELD_NAME = 'service.held';
/** Exists while a service holds the library: found at start, it tells that the last one did not end in good order. */
export const OPEN_MARKER = 'library.open';

/** Digits of `nimg` in file names, so that they sort by name; 2^40 images have 13, which still sorts last. */
const NIMG_DIGITS = 12;

export const runFolder = (runId: number): string => `files/runs/${runId}`;
export const datasetFolder = (datasetId: number): string => `files/datasets/${datasetId}`;

/** Where a job puts what is not a run's: the packed file of an import, before the service moves it into place. */
export const jobFolder = (jobId: number): string => `${TEMPORARY_FOLDER}/job-${jobId}`;

export const snapshotPath = (runId: number, nimg: number, sigmaRel: number): string =>
  `${runFolder(runId)}/snapshots/${paddedNimg(nimg)}-${sigmaRelInName(sigmaRel)}.safetensors`;

/** @param name what tells reconstructions of one moment and length apart: the job's id */
export const reconstructionPath = (runId: number, nimg: number, sigmaRel: number, name: number): string =>
  `${runFolder(runId)}/reconstructions/${paddedNimg(nimg)}-${sigmaRelInName(sigmaRel)}-${name}.safetensors`;

export const checkpointPath = (runId: number, nimg: number): string =>
  `${runFolder(runId)}/checkpoints/${paddedNimg(nimg)}.safetensors`;

/** @param name what tells sheets of one moment apart: a job's id, or a time stamp */
export const samplePath = (runId: number, nimg: number, name: string | number): string =>
  `${runFolder(runId)}/samples/${paddedNimg(nimg)}-${name}.png`;

export const picturesPath = (datasetId: number): string => `${datasetFolder(datasetId)}/pictures.safetensors`;
/** What the index holds of a run or a dataset and its other files don't say; see `records.ts`. */
export const runRecordPath = (runId: number): string => `${runFolder(runId)}/run.json`;
export const datasetRecordPath = (datasetId: number): string => `${datasetFolder(datasetId)}/dataset.json`;
export const mosaicPath = (datasetId: number): string => `${datasetFolder(datasetId)}/mosaic.png`;
export const jobLogPath = (jobId: number): string => `${LOGS_FOLDER}/job-${jobId}.log`;

/** Three decimals, as the official file names have; all of them where three would make two lengths one. */
function sigmaRelInName(sigmaRel: number): string {
  const short = sigmaRel.toFixed(3);
  return Number(short) === sigmaRel ? short : String(sigmaRel);
}

function paddedNimg(nimg: number): string {
  return String(nimg).padStart(NIMG_DIGITS, '0');
}

/**
 * The absolute path of a file that a row names. What lies at its end is not looked at: a reader opens it with
 * `openRegularFile`.
 *
 * @param folder   the library's folder
 * @param relative path as stored, relative to it
 * @throws {AppError} 'forbidden' if it leads out of the library, by its words or because a folder on the way is a
 *   symbolic link
 */
export function insideLibrary(folder: string, relative: string): string {
  const root = resolve(folder);
  const path = resolve(root, relative);
  if (relative.includes('\0') || !path.startsWith(root + sep)) {
    throw new AppError('forbidden', `The library names a file outside its own folder (${relative}); it is left alone.`);
  }
  const link = linkOnTheWay(root, dirname(path));
  if (link !== null) {
    throw new AppError(
      'forbidden',
      `${link} is a symbolic link, which the library does not follow. Put the folder itself in its place.`,
    );
  }
  return path;
}

/** The first folder below `root` on the way to `folder` that is a symbolic link; null: none is. */
function linkOnTheWay(root: string, folder: string): string | null {
  let path = root;
  for (const part of pathBetween(root, folder).split(sep)) {
    path = join(path, part);
    const found = statOf(path);
    if (found === null) return null; // nothing is there yet
    if (path !== root && found.isSymbolicLink()) return path;
  }
  return null;
}

/** What lies at a path, a link itself and not what it leads to; null: nothing. @throws {Error} of the system */
export function statOf(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT') || hasSystemCode(error, 'ENOTDIR')) return null;
    throw error;
  }
}

export const databasePath = (folder: string): string => join(folder, DATABASE_NAME);
