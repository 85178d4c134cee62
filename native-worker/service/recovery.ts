import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { hasSystemCode } from '../../contract/errors.ts';
import { goesOnAfterDeath } from '../../contract/job-failures.ts';
import type { LibraryIdentity } from '../../contract/library.ts';
import { checkpointsToResume } from '../store/checkpoints.ts';
import { endJob, requeueJob, runningJobs, setLosses } from '../store/jobs.ts';
import type { Library } from '../store/library.ts';
import { insertLog } from '../store/log.ts';
import { getRunSummary, setRunState } from '../store/runs.ts';
import { lostEnd, type JobEnd } from './job-end.ts';
import { keptEnd } from './kept-end.ts';
import { sweep } from '../store/sweep.ts';
import { patiently } from '../store/patience.ts';
import { statement, write } from '../store/statements.ts';
import { commandLine } from '../system/command-line.ts';
import { jobArguments } from './job-process.ts';

/** What a service that died left behind is put in order before jobs run again. */

/** A job whose service died writes a checkpoint and leaves; one that takes longer than this is stuck and killed. */
const ORPHAN_PATIENCE_MS = 120_000;
const ORPHAN_POLL_MS = 300;

export interface RecoveryOptions {
  /** Lost jobs and runs of one of these: somebody is told. */
  onChange: (changed: { jobId: number; runId: number | null }) => void;
  patienceMs?: number;
  /** Training goes on by itself: its service was started again as soon as it had died. */
  goOn?: boolean | undefined;
}

/**
 * Waits for jobs of an earlier service that still live, then settles their rows and sweeps the files. A training job
 * whose end that service could not record any more (`kept-end.ts`) ends as it did; of another one nobody knows, and what it
 * had reached by its last checkpoint can be resumed. Other jobs go back to the queue.
 */
export async function recover(library: Library, log: Logger, options: RecoveryOptions): Promise<void> {
  const left = runningJobs(library.db);
  const identity = library.identity();
  const deadline = performance.now() + (options.patienceMs ?? ORPHAN_PATIENCE_MS);
  for (const { id, pid } of left) {
    if (pid === null) continue;
    while (lifeOf(pid, id, identity) !== 'gone' && performance.now() < deadline) await sleep(ORPHAN_POLL_MS);
    if (lifeOf(pid, id, identity) === 'ours') killOrphan(id, pid, log);
    if (!library.db.open) return;
  }
  for (const job of left) {
    const known = keptEnd(library, job.id);
    await patiently(() => {
      if (job.kind !== 'train' || job.runId === null) requeueJob(library.db, job.id);
      else if (known !== null) settleRun(library, job.id, job.runId, known);
      else if (options.goOn === true) goOnWithRun(library, job.id, job.runId);
      else settleRun(library, job.id, job.runId);
    });
    options.onChange({ jobId: job.id, runId: job.runId });
  }
  for (const runId of runsWithoutJob(library)) {
    await patiently(() => settleRun(library, null, runId));
    options.onChange({ jobId: 0, runId });
  }
  const found = await patiently(() => sweep(library));
  const { deleted, setAside, leftAlone, lost } = found;
  if ([deleted, setAside, leftAlone, lost].some((files) => files.length > 0))
    log.warn(found, 'rows and files did not agree');
}

/** Its job goes back to the queue, at its old place: before all that wait. */
function goOnWithRun({ db }: Library, jobId: number, runId: number): void {
  const nimg = checkpointsToResume(db, runId)[0]?.nimg;
  write(db, () => {
    insertLog(db, { runId, nimg: nimg ?? null, level: 'warn', text: goesOnAfterDeath(nimg) });
    setRunState(db, runId, 'queued');
    requeueJob(db, jobId);
  });
}

/**
 * @param jobId null: there was no job
 * @param known how it ended; null: nobody knows
 */
function settleRun({ db }: Library, jobId: number | null, runId: number, known: JobEnd | null = null): void {
  const nimg = checkpointsToResume(db, runId)[0]?.nimg;
  const { state, failure, run, log } = known ?? lostEnd(nimg);
  write(db, () => {
    // Its run may have been told before the service died, and its job not yet.
    if (run !== null && (known === null || getRunSummary(db, runId).state !== run)) {
      for (const line of log) insertLog(db, { runId, nimg: nimg ?? null, ...line });
      setRunState(db, runId, run, failure?.message ?? null);
    }
    if (jobId === null) return;
    if (state === 'again') {
      requeueJob(db, jobId);
      setLosses(db, jobId, 1); // it waits until all machines are there
      return;
    }
    endJob(db, jobId, { state, error: failure?.message ?? null, errorCode: failure?.code ?? null });
  });
}

/** A crash between two commits can leave a run that says it runs or waits, and no job that does it. */
function runsWithoutJob({ db }: Library): number[] {
  return statement<[], number>(
    db,
    `SELECT id FROM runs WHERE state IN ('queued', 'running') AND NOT EXISTS
       (SELECT 1 FROM jobs WHERE jobs.run_id = runs.id AND jobs.kind = 'train' AND jobs.state IN ('queued', 'running'))`,
  )
    .pluck()
    .all();
}

/**
 * Whether a process lives and is that job of this library. Numbers of processes are used again, and a copied library has
 * the rows of its original, so the process's own command line decides: it names the library by its identity.
 *
 * @returns 'unknown' where one lives and the system does not show its command line: it is waited for, but not ended
 */
function lifeOf(pid: number, jobId: number, identity: LibraryIdentity): 'ours' | 'unknown' | 'gone' {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!hasSystemCode(error, 'EPERM')) return 'gone'; // EPERM: it lives, and belongs to another user
  }
  const words = commandLine(pid);
  if (words === null) return process.platform === 'win32' ? 'unknown' : 'gone';
  return `${words} `.includes(` ${jobArguments(jobId, identity).join(' ')} `) ? 'ours' : 'gone';
}

function killOrphan(id: number, pid: number, log: Logger): void {
  log.warn({ job: id, pid }, 'a job of an earlier service does not end; it is killed');
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    log.warn({ err: error, job: id, pid }, 'a job of an earlier service could not be killed');
  }
}
