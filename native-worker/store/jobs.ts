import type { Database } from 'better-sqlite3';
import { AppError, type ErrorCode } from '../../contract/errors.ts';
import { JobParameters, Progress, type Job } from '../../contract/jobs.ts';
import { readableRows, readColumn } from './rows.ts';
import { insertedId, statement, write } from './statements.ts';

/** Table `jobs`: the queue, and what became of it. Only the service writes it. */

export type JobKind = Job['kind'];

export interface NewJob {
  parameters: JobParameters;
  /** In words, for lists. */
  title: string;
  runId: number | null;
}

interface JobRow extends Omit<Job, 'progress'> {
  progress: string | null;
}

const COLUMNS = `id, kind, state, title, run_id AS runId, sample_id AS sampleId, dataset_id AS datasetId, progress, error, error_code AS errorCode,
  created_at AS createdAt, started_at AS startedAt, ended_at AS endedAt`;

/** Puts a job behind all that wait, whatever their kind. */
export function insertJob(db: Database, job: NewJob, createdAt = Date.now()): number {
  return write(db, () =>
    insertedId(
      statement(
        db,
        `INSERT INTO jobs (kind, state, title, parameters, run_id, position, created_at)
         VALUES (@kind, 'queued', @title, @parameters, @runId,
           (SELECT coalesce(max(position), 0) + 1 FROM jobs WHERE state = 'queued'), @createdAt)`,
      ).run({
        kind: job.parameters.kind,
        title: job.title,
        parameters: JSON.stringify(job.parameters),
        runId: job.runId,
        createdAt,
      }),
    ),
  );
}

/** @throws {AppError} 'not-found' */
export function getJob(db: Database, id: number): Job {
  const row = statement<[number], JobRow>(db, `SELECT ${COLUMNS} FROM jobs WHERE id = ?`).get(id);
  if (row === undefined) throw noJob(id);
  return toJob(row);
}

/** What the job is to do, as frozen when it was queued. */
export function getJobParameters(db: Database, id: number): JobParameters {
  const text = statement<[number], string>(db, 'SELECT parameters FROM jobs WHERE id = ?').pluck().get(id);
  if (text === undefined) throw noJob(id);
  return readColumn(JobParameters, text, [`Job ${id}`, 'parameters']);
}

/** Running ones, then queued ones in their order, then the newest ended ones. */
export function listJobs(db: Database, limit: number): Job[] {
  const rows = statement<[number], JobRow>(
    db,
    `SELECT ${COLUMNS} FROM jobs
     ORDER BY CASE state WHEN 'running' THEN 0 WHEN 'queued' THEN 1 ELSE 2 END,
       CASE state WHEN 'queued' THEN position END, CASE WHEN state = 'running' THEN id ELSE -id END
     LIMIT ?`,
  ).all(limit);
  return readableRows(db, rows, toJob);
}

/** The job whose turn it is among those of some kinds; null: none waits. */
export function nextQueued(db: Database, kinds: readonly JobKind[]): number | null {
  return (
    statement<[string], number>(
      db,
      `SELECT id FROM jobs WHERE state = 'queued' AND kind IN (SELECT value FROM json_each(?)) ORDER BY position, id LIMIT 1`,
    )
      .pluck()
      .get(JSON.stringify(kinds)) ?? null
  );
}

/** Jobs that run, or that a dead service left so. */
export function runningJobs(db: Database): { id: number; kind: JobKind; runId: number | null; pid: number | null }[] {
  return statement<[], { id: number; kind: JobKind; runId: number | null; pid: number | null }>(
    db,
    `SELECT id, kind, run_id AS runId, pid FROM jobs WHERE state = 'running' ORDER BY id`,
  ).all();
}

/** The queued or running training job of a run; null: none. */
export function activeJobOfRun(db: Database, runId: number): Job | null {
  const row = statement<[number], JobRow>(
    db,
    `SELECT ${COLUMNS} FROM jobs WHERE run_id = ? AND kind = 'train' AND state IN ('queued', 'running')`,
  ).get(runId);
  return row === undefined ? null : toJob(row);
}

/** Queued or running jobs that work with a run's files, whatever they do. */
export function countActiveJobsOfRun(db: Database, runId: number): number {
  return statement<[number], number>(
    db,
    `SELECT count(*) FROM jobs WHERE run_id = ? AND state IN ('queued', 'running')`,
  )
    .pluck()
    .get(runId)!;
}

/** Whether a run is queued, starts or trains. */
export function someRunTrains(db: Database): boolean {
  const found = statement<[], number>(
    db,
    `SELECT 1 FROM jobs WHERE kind = 'train' AND state IN ('queued', 'running') LIMIT 1`,
  );
  return found.pluck().get() !== undefined;
}

/** Queued or running measurements. */
export function countOpenMeasurements(db: Database): number {
  return statement<[], number>(
    db,
    `SELECT count(*) FROM jobs WHERE kind IN ('profile', 'tune') AND state IN ('queued', 'running')`,
  )
    .pluck()
    .get()!;
}

export function startJob(db: Database, id: number, pid: number | null, at = Date.now()): void {
  statement(
    db,
    `UPDATE jobs SET state = 'running', pid = ?, started_at = ?, error = NULL, error_code = NULL WHERE id = ?`,
  ).run(pid, at, id);
}

/** The number of the job's process, by which a later service knows it; nothing for a job that is over already. */
export function setJobPid(db: Database, id: number, pid: number | null): void {
  statement(db, `UPDATE jobs SET pid = ? WHERE id = ? AND state = 'running'`).run(pid, id);
}

export function setJobProgress(db: Database, id: number, progress: Progress | null): void {
  const text = progress === null ? null : JSON.stringify(progress);
  statement(db, 'UPDATE jobs SET progress = ? WHERE id = ?').run(text, id);
}

/** Back to the queue, at its old place: the service ended while it ran, or it lost a machine. */
export function requeueJob(db: Database, id: number): void {
  statement(
    db,
    `UPDATE jobs SET state = 'queued', pid = NULL, started_at = NULL, progress = NULL, error = NULL, error_code = NULL WHERE id = ?`,
  ).run(id);
}

/** How often in a row a job lost a machine before it had taken a step. @throws {AppError} 'not-found' */
export function lossesOf(db: Database, id: number): number {
  const losses = statement<[number], number>(db, 'SELECT losses FROM jobs WHERE id = ?').pluck().get(id);
  if (losses === undefined) throw noJob(id);
  return losses;
}

export function setLosses(db: Database, id: number, losses: number): void {
  statement(db, 'UPDATE jobs SET losses = ? WHERE id = ?').run(losses, id);
}

/** What a job's row says once it is over. */
export interface EndedJob {
  state: 'done' | 'failed' | 'cancelled';
  /** One sentence and its kind, where it failed. */
  error?: string | null;
  errorCode?: ErrorCode | null;
  sampleId?: number | null;
  datasetId?: number | null;
}

export function endJob(db: Database, id: number, end: EndedJob, at = Date.now()): void {
  statement(
    db,
    `UPDATE jobs SET state = ?, error = ?, error_code = ?, sample_id = ?, dataset_id = ?, pid = NULL, ended_at = ? WHERE id = ?`,
  ).run(end.state, end.error ?? null, end.errorCode ?? null, end.sampleId ?? null, end.datasetId ?? null, at, id);
}

/**
 * Moves a queued job to a place among the queued ones of its kind; those of other kinds keep theirs.
 *
 * @param place 0: next; larger than the queue: last
 * @throws {AppError} 'not-found'; 'conflict' if it is not queued
 */
export function moveJob(db: Database, id: number, place: number): void {
  write(db, () => {
    const job = getJob(db, id);
    if (job.state !== 'queued')
      throw new AppError('conflict', `Job ${id} is ${job.state}; only a queued job can be moved.`);
    const others = statement<[string, number], number>(
      db,
      `SELECT id FROM jobs WHERE state = 'queued' AND kind = ? AND id <> ? ORDER BY position, id`,
    )
      .pluck()
      .all(job.kind, id);
    others.splice(Math.min(place, others.length), 0, id);
    const places = statement<[string], number>(
      db,
      `SELECT position FROM jobs WHERE state = 'queued' AND kind = ? ORDER BY position, id`,
    )
      .pluck()
      .all(job.kind);
    const update = statement(db, 'UPDATE jobs SET position = ? WHERE id = ?');
    others.forEach((other, index) => update.run(places[index]!, other));
  });
}

function toJob(row: JobRow): Job {
  return {
    ...row,
    progress: row.progress === null ? null : readColumn(Progress, row.progress, [`Job ${row.id}`, 'progress']),
  };
}

function noJob(id: number): AppError {
  return new AppError('not-found', `There is no job ${id}.`);
}
