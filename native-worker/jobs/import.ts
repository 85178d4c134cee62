import fs from 'node:fs';
import sharp from 'sharp';
import { AppError } from '../../contract/errors.ts';
import type { JobOutcome } from '../../contract/job-messages.ts';
import type { Progress } from '../../contract/jobs.ts';
import { importFolder } from '../data/import.ts';
import { insideLibrary, jobFolder } from '../store/paths.ts';
import { makeFolder } from '../system/make-folder.ts';
import type { JobContext } from './context.ts';

/** Progress is told this often at most; more would only keep the service busy. */
const REPORT_INTERVAL_MS = 200;

/**
 * Makes a packed dataset of a folder of pictures in the job's own folder; the service moves it into place. Whatever is
 * asked of it meanwhile, a pause included, breaks it off: an import is quickly started again.
 *
 * @throws {AppError} 'dataset' if nothing can be made of the folder, 'no-space'; nothing is left then
 */
export async function runImport(context: JobContext): Promise<JobOutcome> {
  const { library, job } = context;
  if (job.parameters.kind !== 'import') throw new Error(`job ${job.id} is no import`);
  // Each picture is decoded once, several at a time: neither sharp's cache nor its own threads would be of use.
  sharp.cache(false);
  sharp.concurrency(1);
  const folder = insideLibrary(library.folder, jobFolder(job.id));
  const file = `${jobFolder(job.id)}/pictures.safetensors`;
  makeFolder(folder);
  try {
    const problems = await importFolder({
      folder: job.parameters.path,
      options: job.parameters.options,
      target: insideLibrary(library.folder, file),
      report: throttled((progress) => context.send({ type: 'progress', progress })),
      cancelled: () => context.requested() !== null,
    });
    return { kind: 'imported', file, problems };
  } catch (error) {
    fs.rmSync(folder, { recursive: true, force: true });
    if (error instanceof AppError && error.code === 'cancelled') return { kind: 'cancelled' };
    throw error;
  }
}

/** Passes on the first report, the last one, and some between. */
function throttled(send: (progress: Progress) => void): (progress: Progress) => void {
  let last = -Infinity;
  return (progress) => {
    const now = performance.now();
    if (progress.done !== progress.total && now - last < REPORT_INTERVAL_MS) return;
    last = now;
    send(progress);
  };
}
