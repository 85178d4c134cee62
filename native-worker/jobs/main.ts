/**
 * A job process: `node main.ts --library DIR [--identity WORD] --job ID`, started by the service with an IPC channel. It
 * reads what to do from the job's row, does it, says how it ended and leaves. Its memory, and the GPU's, is freed by its
 * exit.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AppError } from '../../contract/errors.ts';
import { identityWord } from '../../contract/library.ts';
import { onEscaped } from '../../contract/escaped.ts';
import { JobRequest, type JobMessage, type JobOutcome } from '../../contract/job-messages.ts';
import type { JobParameters } from '../../contract/jobs.ts';
import { getJob, getJobParameters } from '../store/jobs.ts';
import { openLibrary, type Library } from '../store/library.ts';
import { patiently } from '../store/patience.ts';
import { insideLibrary, runFolder } from '../store/paths.ts';
import { needAccess } from '../system/refusal.ts';
import type { JobContext, Requested } from './context.ts';
import { failure } from './failure.ts';

/** Hands a message to the service and waits until it has left this process; silent once the service is gone. */
function deliver(message: JobMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve();
    process.send(message, undefined, undefined, () => resolve());
  });
}

/** What the user asked for last. A service that disappears, and SIGTERM, ask for a pause: nothing of the work is lost. */
function listen(): Pick<JobContext, 'requested' | 'toMeasure' | 'measured'> {
  let requested: Requested = null;
  let toMeasure = false;
  process.on('message', (raw: unknown) => {
    const request = JobRequest.safeParse(raw);
    if (!request.success) process.stderr.write('A message that is no request was ignored.\n');
    else if (request.data.type === 'profile') toMeasure = true;
    else requested = request.data.type;
  });
  process.on('disconnect', () => (requested ??= 'pause'));
  process.on('SIGTERM', () => (requested ??= 'pause'));
  // Ctrl+C in a terminal reaches the whole process group; the command line that was meant asks for a pause itself.
  process.on('SIGINT', () => undefined);
  return { requested: () => requested, toMeasure: () => toMeasure, measured: () => (toMeasure = false) };
}

/** Loads only what this kind of job needs: an import never loads TensorFlow. */
async function dispatch(context: JobContext): Promise<JobOutcome> {
  const { parameters } = context.job;
  switch (parameters.kind) {
    case 'train':
      return (await import('./train.ts')).runTrain(context, parameters);
    case 'sample':
      return (await import('./sample.ts')).runSample(context, parameters);
    case 'import':
      return (await import('./import.ts')).runImport(context);
    case 'reconstruct':
      return (await import('./reconstruct.ts')).runReconstruct(context, parameters);
    case 'profile':
      return (await import('./profile.ts')).runProfile(context, parameters);
    case 'tune':
      return (await import('./tune.ts')).runTune(context, parameters);
    default:
      return parameters satisfies never;
  }
}

/** So often a job looks whether its library is still where it was. */
const PLACE_WATCH_MS = 1000;

/** @throws {AppError} 'conflict' if the library is not the one whose service started this job */
function refuseOther(library: Library, word: string | undefined): void {
  if (word !== undefined && word !== identityWord(library.identity()))
    throw new AppError('conflict', `Another library lies at ${library.folder} now. Start the job again.`);
}

/**
 * What a job makes it writes into its run's folders; where they are somebody else's it says so before it has worked in
 * vain.
 *
 * @throws {AppError} 'forbidden'
 */
function needRunFolders(library: Library, runId: number | null): void {
  if (runId === null) return;
  for (const part of ['', 'checkpoints', 'snapshots', 'samples', 'reconstructions']) {
    needAccess(join(insideLibrary(library.folder, runFolder(runId)), part));
  }
}

/**
 * Ends this process as soon as another library, or none, lies where its own was: what it would write by path is not its
 * own to write. The service does the same, unless it died before.
 */
function endWithLibrary(library: Library): void {
  setInterval(() => {
    if (library.stillThere()) return;
    process.stderr.write('The library was moved or removed while this job worked in it.\n');
    process.kill(process.pid, 'SIGKILL');
  }, PLACE_WATCH_MS).unref();
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { library: { type: 'string' }, job: { type: 'string' }, identity: { type: 'string' } },
  });
  const asked = listen();
  const id = Number(values.job);
  if (values.library === undefined || !Number.isInteger(id)) throw new Error('usage: main.ts --library DIR --job ID');
  const { library: folder } = values;
  const library = await patiently(() => openLibrary(folder));
  endWithLibrary(library);
  let outcome: JobOutcome;
  let parameters: JobParameters | null = null;
  try {
    refuseOther(library, values.identity);
    parameters = getJobParameters(library.db, id);
    needRunFolders(library, getJob(library.db, id).runId);
    const send = (message: JobMessage): void => void deliver(message);
    outcome = await dispatch({ library, job: { id, parameters }, send, ...asked });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    outcome = failure(error, parameters);
  } finally {
    library.close();
  }
  // The channel keeps the order of messages, so the outcome is the last the service hears.
  await deliver({ type: 'ended', outcome });
}

/** Told like every other failure, as long as the channel holds. */
onEscaped(
  process,
  (error) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    void deliver({ type: 'ended', outcome: failure(error, null) }).then(() => process.exit(1));
  },
  () => process.exit(1),
);

await main();
// TensorFlow's threads and the open channel would keep the process alive.
process.exit(0);
