import fs from 'node:fs';
import { join } from 'node:path';
import { TrainingEnd } from '../../contract/records.ts';
import { writeAll } from '../store/durable-file.ts';
import type { Library } from '../store/library.ts';
import { readRegularFile } from '../store/open-file.ts';
import { insideLibrary, jobFolder } from '../store/paths.ts';
import { makeFolder } from '../system/make-folder.ts';
import type { JobEnd } from './job-end.ts';

/**
 * How a training job ended, in a file of the job's own folder until the index has all of it: for when the service dies
 * between, or while it waits for an index that can't take it. The file is made when the job begins, as large as it ever
 * gets, so that a full disk has room for it.
 */

/** The longest end is a crash's last sixteen lines of 400 characters, each of up to six bytes in JSON. */
const BYTES = 64 << 10;

const keptPath = ({ folder }: Library, jobId: number): string =>
  join(insideLibrary(folder, jobFolder(jobId)), 'end.json');

/** Makes room for the end of a job that begins. @throws {Error} of the system */
export function reserveEnd(library: Library, jobId: number): void {
  const path = keptPath(library, jobId);
  makeFolder(insideLibrary(library.folder, jobFolder(jobId)));
  overwrite(path, 'w', Buffer.alloc(BYTES));
}

/** Keeps the end of a job that is not recorded yet. @throws {Error} of the system, where there was no room either */
export function keepEnd(library: Library, jobId: number, { state, failure, run, log }: JobEnd): void {
  const content = Buffer.alloc(BYTES);
  content.write(JSON.stringify({ state, failure, run, log } satisfies TrainingEnd));
  overwrite(keptPath(library, jobId), 'r+', content);
}

/** How a job ended whose service died before that was recorded; null: nobody kept it, or it can't be read. */
export function keptEnd(library: Library, jobId: number): JobEnd | null {
  try {
    const text = readRegularFile(keptPath(library, jobId)).toString('utf8');
    return { ...TrainingEnd.parse(JSON.parse(text.slice(0, text.indexOf('\0')))), made: null };
  } catch {
    return null; // then it is told as one of which nothing is known
  }
}

function overwrite(path: string, flags: 'w' | 'r+', content: Buffer): void {
  const fd = fs.openSync(path, flags);
  try {
    writeAll(fd, content);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
