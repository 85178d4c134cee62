import { rm } from 'node:fs/promises';
import type { Database } from 'better-sqlite3';
import type { Logger } from 'pino';
import type { JobMessage } from '../../contract/job-messages.ts';
import type { Job, JobParameters, Progress } from '../../contract/jobs.ts';
import { jobChanged } from '../../contract/events.ts';
import { AppError } from '../../contract/errors.ts';
import { isFull, isLocked } from '../../contract/system-errors.ts';
import type { Library } from '../store/library.ts';
import {
  endJob,
  getJob,
  getJobParameters,
  insertJob,
  nextQueued,
  requeueJob,
  setJobPid,
  setJobProgress,
  startJob,
  type EndedJob,
  type JobKind,
  type NewJob,
} from '../store/jobs.ts';
import { patiently, type Patience } from '../store/patience.ts';
import { insideLibrary, jobFolder, jobLogPath } from '../store/paths.ts';
import { write } from '../store/statements.ts';
import type { Events } from './events.ts';
import { failedEnd, failureOf, jobEnd, type JobEnd, type JobExit } from './job-end.ts';
import { jobArguments, JobProcess } from './job-process.ts';
import { keepEnd, reserveEnd } from './kept-end.ts';
import { RunningJob } from './running-job.ts';

/**
 * The queue: lanes of kinds of jobs, one job at a time in each, so that a sheet of pictures can be drawn while a run
 * trains. It starts processes and keeps the jobs' rows; what a job means to its run is said by `JobWatcher`.
 */

/** What a kind of job means to the rest of the library. Called in this order: onStart, onMessage…, onEnd. */
export interface JobWatcher {
  onStart(jobId: number, parameters: JobParameters): void;
  onMessage(jobId: number, parameters: JobParameters, message: JobMessage): void;
  /**
   * May be called again, where the library's index was locked or its disk full.
   *
   * @returns what to record of the job; null: it goes back to the queue. Whatever else it throws fails the job
   */
  onEnd(jobId: number, parameters: JobParameters, end: JobEnd): Promise<EndedJob | null>;
  /** A job whose parameters can't be read fails without ever having started. */
  onUnreadable(job: Job, reason: string): void;
}

export interface QueueParts {
  library: Library;
  events: Events;
  log: Logger;
  watcher: JobWatcher;
  /** Path of what a job process runs. */
  script: string;
  /** The environment of the process of a job that starts now. */
  environment: (parameters: JobParameters) => Promise<Record<string, string>>;
  /** How long a training job that is asked to end may take over its first step; default: ten seconds. */
  firstStepMs?: number | undefined;
}

type Lane = readonly JobKind[];

/** A run that is started while the device is measured waits until that is done: each would spoil the other's figures. */
const LANES: readonly Lane[] = [['train', 'profile', 'tune'], ['sample'], ['import'], ['reconstruct']];

/** Each row written is a sync of the disk; the connected are told at once all the same. */
const PROGRESS_WRITE_MS = 2000;

export class Queue {
  readonly #parts: QueueParts;
  readonly #running = new Map<number, RunningJob>();
  readonly #startingLanes = new Set<Lane>();
  readonly #idleWatchers = new Set<() => void>();
  /** Aborted when nothing more can be recorded. */
  readonly #over = new AbortController();
  #open = false;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  /** Begins to start jobs. Before, they only queue up. */
  open(): void {
    this.#open = true;
    this.#fill();
  }

  /** No job runs or is about to. */
  get idle(): boolean {
    return this.#running.size === 0 && this.#startingLanes.size === 0;
  }

  /** The training job that runs; null: none does. */
  training(): { id: number; runId: number; pid: number } | null {
    for (const [id, { parameters, process, over }] of this.#running) {
      if (parameters.kind !== 'train' || process.pid === null || over) continue;
      return { id, runId: parameters.runId, pid: process.pid };
    }
    return null;
  }

  /** Is told whenever the last running job has ended. */
  onIdle(watcher: () => void): void {
    this.#idleWatchers.add(watcher);
  }

  /** Puts a job at the end of its lane. @returns its id */
  add(job: NewJob): number {
    const id = insertJob(this.#parts.library.db, job);
    this.announce(id);
    this.#fill();
    return id;
  }

  /** A job with its newest progress, which may not be in its row yet. */
  live(job: Job): Job {
    const running = this.#running.get(job.id);
    return running === undefined ? job : { ...job, progress: running.progress };
  }

  /**
   * Asks a job to end. One that only waits leaves the queue at once.
   *
   * @throws {AppError} 'not-found'; 'conflict' if it has ended
   */
  request(id: number, type: 'pause' | 'stop' | 'cancel'): void {
    const { db } = this.#parts.library;
    const job = getJob(db, id);
    const running = this.#running.get(id);
    if (running !== undefined && !running.over) {
      running.request(type);
    } else if (job.state === 'queued') {
      endJob(db, id, { state: 'cancelled' });
      this.announce(id);
    } else {
      throw new AppError('conflict', `This job has ended already${running === undefined ? ` (${job.state})` : ''}.`);
    }
  }

  /** Asks a training job that runs to measure its next step. @throws {AppError} 'conflict' if it runs no more */
  measure(id: number): void {
    const running = this.#running.get(id);
    if (running === undefined || running.over) throw new AppError('conflict', 'This training has just ended.');
    running.process.request('profile');
  }

  /** Tells everybody what a job is like now. Never throws: what happened has happened, heard or not. */
  announce(id: number): void {
    if (!this.#parts.library.db.open) return;
    try {
      this.#parts.events.emit(jobChanged, this.live(getJob(this.#parts.library.db, id)));
    } catch (error) {
      this.#parts.log.error({ err: error, job: id }, 'nobody could be told of a job');
    }
  }

  /**
   * Ends in good order: training jobs write a checkpoint and pause, others are cancelled and wait for the next start.
   *
   * @param patienceMs a job that needs longer is left alone; it pauses by itself when we are gone
   */
  async close(patienceMs: number): Promise<void> {
    this.#open = false;
    for (const [id, { parameters, over }] of this.#running)
      if (!over) this.request(id, parameters.kind === 'train' ? 'pause' : 'cancel');
    const deadline = performance.now() + patienceMs;
    while (!this.idle && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    for (const [id, running] of this.#running) {
      running.spare();
      this.#parts.log.warn({ job: id }, 'a job is left to end by itself');
    }
    this.#over.abort();
  }

  /** Ends at once, with every job: the library has gone from its place, and what they would write is lost, or worse. */
  abandon(): void {
    this.#open = false;
    this.#over.abort();
    for (const running of this.#running.values()) {
      running.spare();
      running.process.kill();
    }
    this.#running.clear();
  }

  #fill(): void {
    if (!this.#open) return;
    for (const lane of LANES) void this.#startNext(lane);
  }

  /** Starts the job whose turn it is, if its lane is free. Never rejects: a job that can't be started fails, alone. */
  async #startNext(lane: Lane): Promise<void> {
    const running = [...this.#running.values()].some(({ parameters }) => lane.includes(parameters.kind));
    if (this.#startingLanes.has(lane) || running) return;
    this.#startingLanes.add(lane);
    let id: number | null = null;
    let next: number | null = null;
    try {
      const { db } = this.#parts.library;
      next = nextQueued(db, lane);
      if (next === null) return;
      const environment = await this.#parts.environment(getJobParameters(db, next));
      // While we waited it may have been cancelled or overtaken.
      if (this.#open && nextQueued(db, lane) === next) {
        id = next;
        await this.#start(lane, id, environment);
      } else {
        setImmediate(() => this.#fill()); // when its lane is free again
      }
    } catch (error) {
      this.#parts.log.error({ err: error, lane, job: id }, 'a job could not be started');
      await this.#fail(lane, { id, next }, error);
    } finally {
      this.#startingLanes.delete(lane);
    }
  }

  async #start(lane: Lane, id: number, environment: Record<string, string>): Promise<void> {
    const { library, log, watcher, script } = this.#parts;
    const parameters = getJobParameters(library.db, id);
    // The row says 'running' before the process is there, so that no crash of ours leaves a job that runs twice.
    const begun = await this.#patiently(() =>
      write(library.db, () => {
        if (!this.#open || nextQueued(library.db, lane) !== id) return false; // while we waited for the lock
        startJob(library.db, id, null);
        watcher.onStart(id, parameters);
        return true;
      }),
    );
    if (!begun) {
      setImmediate(() => this.#fill()); // when its lane is free again
      return;
    }
    if (parameters.kind === 'train') this.#reserveEnd(id);
    const process = new JobProcess({
      script,
      args: ['--library', library.folder, ...jobArguments(id, library.identity())],
      environment,
      logPath: insideLibrary(library.folder, jobLogPath(id)),
      onMessage: (message) => this.#receive(id, message),
      onExit: (exit) => void this.#end(id, parameters, this.#judge(id, parameters, exit)),
      onWarning: (text, details) => log.warn({ job: id, details }, text),
    });
    const running = new RunningJob(process, parameters, this.#parts.firstStepMs);
    this.#running.set(id, running);
    this.announce(id);
    try {
      // A later service knows it by this number.
      await this.#patiently(() => setJobPid(library.db, id, process.pid));
    } catch (error) {
      running.notStarted = failureOf(error);
      process.kill();
    }
  }

  /**
   * Fails the job that could not be started.
   *
   * @param id   null: it did not come so far that one was chosen; then it is the one whose turn it is
   * @param next whose turn it was; if it has left the queue meanwhile, none has failed
   */
  async #fail(
    lane: Lane,
    { id, next }: { readonly id: number | null; readonly next: number | null },
    error: unknown,
  ): Promise<void> {
    const { library, log, watcher } = this.#parts;
    try {
      const waiting = nextQueued(library.db, lane);
      if (id === null && next !== null && waiting !== next) {
        setImmediate(() => this.#fill()); // when its lane is free again
        return;
      }
      const failed = id ?? waiting;
      if (failed === null) return;
      const failure = failureOf(error);
      const parameters = readableParameters(library.db, failed);
      if (parameters !== null) {
        await this.#end(failed, parameters, () => failedEnd(parameters, failure));
        return;
      }
      await this.#patiently(
        () =>
          write(library.db, () => {
            watcher.onUnreadable(getJob(library.db, failed), failure.message);
            endJob(library.db, failed, { state: 'failed', error: failure.message, errorCode: failure.code });
          }),
        { forRoom: true },
      );
      this.announce(failed);
      setImmediate(() => this.#fill()); // when its lane is free again
    } catch (problem) {
      log.error({ err: problem, lane, job: id }, 'that a job could not be started could not be recorded');
    }
  }

  #receive(id: number, message: JobMessage): void {
    const running = this.#running.get(id);
    if (running === undefined || !this.#parts.library.db.open) return;
    try {
      if (message.type === 'progress') this.#keepProgress(id, running, message.progress);
      else if (message.type === 'stepping') running.steps();
      else this.#parts.watcher.onMessage(id, running.parameters, message);
    } catch (error) {
      this.#parts.log.error({ err: error, job: id, message: message.type }, 'a message of a job could not be taken in');
    }
  }

  #keepProgress(id: number, running: RunningJob, progress: Progress | null): void {
    running.progress = progress;
    this.announce(id);
    if (progress !== null && performance.now() - running.writtenAt < PROGRESS_WRITE_MS) return;
    running.writtenAt = performance.now();
    try {
      setJobProgress(this.#parts.library.db, id, progress);
    } catch (error) {
      if (!isLocked(error) && !isFull(error)) throw error; // the next one is written
    }
  }

  /** What the end of a job's process means. */
  #judge(id: number, parameters: JobParameters, exit: JobExit): () => JobEnd | null {
    const running = this.#running.get(id);
    const asked = running?.asked ?? { request: null, killed: false };
    const notStarted = running?.notStarted ?? null;
    return () =>
      notStarted === null
        ? jobEnd(this.#parts.library, parameters, exit, { ...asked, closing: !this.#open })
        : failedEnd(parameters, notStarted);
  }

  /** Records how a job ended, however long that takes, and lets the next one begin. Never rejects. */
  async #end(id: number, parameters: JobParameters, judge: () => JobEnd | null): Promise<void> {
    const { library, log } = this.#parts;
    if (!library.db.open) return; // we end before it did; the next service finds what it left
    const running = this.#running.get(id);
    if (running !== undefined) {
      running.spare();
      running.over = true;
    }
    try {
      await this.#record(id, parameters, judge, running);
      // However it ended: what it did not hand over, nobody wants.
      await rm(insideLibrary(library.folder, jobFolder(id)), { recursive: true, force: true }).catch((error: unknown) =>
        log.warn({ err: error, job: id }, 'the folder of a job could not be removed'),
      );
    } catch (error) {
      log.fatal({ err: error, job: id }, 'the end of a job could not be recorded');
    }
    this.#running.delete(id);
    this.announce(id);
    setImmediate(() => {
      this.#fill(); // when its lane is free, should it never have started
      if (this.idle) for (const tell of this.#idleWatchers) tell();
    });
  }

  async #record(
    id: number,
    parameters: JobParameters,
    judge: () => JobEnd | null,
    running: RunningJob | undefined,
  ): Promise<void> {
    const { library, log, watcher } = this.#parts;
    const { db } = library;
    const progress = running?.progress ?? null;
    const patience: Patience = { forRoom: true, forMs: Infinity, onWait: (why) => this.#tellWaiting(id, running, why) };
    let kept = false;
    const settle = async (): Promise<EndedJob | null> => {
      const end = judge();
      if (end === null) return null;
      if (parameters.kind === 'train' && !kept) this.#keepEnd(id, end);
      kept = true;
      return watcher.onEnd(id, parameters, end);
    };
    const ended = await this.#patiently(settle, patience).catch((error: unknown): EndedJob => {
      if (this.#over.signal.aborted) throw error;
      if (!(error instanceof AppError)) log.error({ err: error, job: id }, 'the end of a job could not be taken in');
      const { code, message } = failureOf(error);
      return { state: 'failed', error: message, errorCode: code };
    });
    await this.#patiently(
      () =>
        write(db, () => {
          if (progress !== null) setJobProgress(db, id, progress);
          if (ended === null) requeueJob(db, id);
          else endJob(db, id, ended);
        }),
      patience,
    );
  }

  /** Without it a job runs all the same. */
  #reserveEnd(id: number): void {
    try {
      reserveEnd(this.#parts.library, id);
    } catch (error) {
      this.#parts.log.warn({ err: error, job: id }, 'no room could be reserved for the end of a job');
    }
  }

  /** Should we die before the end of a job is recorded, the next service finds it. */
  #keepEnd(id: number, end: JobEnd): void {
    try {
      keepEnd(this.#parts.library, id, end);
    } catch (error) {
      this.#parts.log.error({ err: error, job: id, end }, 'the end of a job could not be kept beside the index');
    }
  }

  /** Who looks at the job sees why its end isn't recorded yet. */
  #tellWaiting(id: number, running: RunningJob | undefined, why: string): void {
    this.#parts.log.warn({ job: id, why }, 'the end of a job waits to be recorded');
    if (running === undefined) return;
    running.progress = { ...(running.progress ?? { done: 0, total: 0, unit: '' }), text: why };
    this.announce(id);
  }

  #patiently<T>(work: () => T | Promise<T>, patience: Patience = {}): Promise<T> {
    return patiently(work, { ...patience, signal: this.#over.signal });
  }
}

/** null: they make no sense. */
function readableParameters(db: Database, id: number): JobParameters | null {
  try {
    return getJobParameters(db, id);
  } catch (error) {
    if (error instanceof AppError && error.code === 'corrupt-file') return null;
    throw error;
  }
}
