import type { Database } from 'better-sqlite3';
import * as z from 'zod';
import { Devices } from '../../contract/devices.ts';
import { AppError } from '../../contract/errors.ts';
import { Across } from '../../contract/machines.ts';
import type { DataShape } from '../../contract/network.ts';
import type { Run, RunState, RunSummary } from '../../contract/runs.ts';
import { tickScalars } from '../../contract/ticks.ts';
import { RunConfig } from '../../contract/training.ts';
import { validationRows } from '../../contract/validation.ts';
import { COUNTS } from './counting.ts';
import { readableRows, readColumn } from './rows.ts';
import { insertedId, statement, write } from './statements.ts';

/** Table `runs`, and what lists show with a run. */

export interface NewRun {
  name: string;
  notes: string;
  tags: string[];
  datasetId: number;
  config: RunConfig;
  shape: DataShape;
  /** Trainable numbers, denoiser and u(sigma). */
  parameters: number;
  parentRunId?: number | null;
  /** That share each batch; absent or null: the one of the settings. */
  devices?: Devices | null;
  /** How other machines take part; absent or null: they don't. */
  across?: Across | null;
}

interface SummaryRow {
  id: number;
  name: string;
  notes: string;
  tags: string;
  state: RunState;
  error: string | null;
  datasetId: number;
  datasetName: string;
  preset: string | null;
  parameters: number;
  nimg: number;
  durationImages: number;
  lastLoss: number | null;
  lastError: number | null;
  imagesPerSecond: number | null;
  trainSeconds: number | null;
  memoryBytes: number | null;
  sampleImages: number;
  gridSeconds: number | null;
  lastSampleId: number | null;
  devices: string | null;
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
  trashedAt: number | null;
}

/** As it is read, with what its validation error is taken from. */
interface StoredSummary extends SummaryRow {
  /** Numbers of the newest validation, float32, in the order of `validationRows`. */
  validation: Buffer | null;
  /** JSON: lengths of the averages. */
  sigmaRels: string | null;
  /** Of the average that draws. */
  drawingSigmaRel: number | null;
}

interface RunRow extends StoredSummary {
  config: string;
  resolution: number;
  channels: number;
  labelDim: number;
  microBatch: number | null;
  across: string | null;
  device: string | null;
}

const { loss, weightedError, imagesPerSecond, trainSeconds, memoryBytes } = tickScalars;

/** Columns of a summary; the newest tick and grid are found through the primary key and `samples_by_run`. */
const SUMMARY = `
  runs.id, runs.name, runs.notes, runs.tags, runs.state, runs.error,
  runs.dataset_id AS datasetId, datasets.name AS datasetName, runs.preset, runs.parameters, runs.nimg,
  runs.duration_images AS durationImages, newest.${loss.column} AS lastLoss,
  newest.${weightedError.column} AS lastError, newest.${imagesPerSecond.column} AS imagesPerSecond,
  newest.${trainSeconds.column} AS trainSeconds, newest.${memoryBytes.column} AS memoryBytes,
  coalesce(runs.config ->> '$.logging.sampleImages', 0) AS sampleImages,
  (SELECT seconds FROM samples WHERE run_id = runs.id AND origin = 'grid' AND ${COUNTS} ORDER BY id DESC LIMIT 1) AS gridSeconds,
  (SELECT max(id) FROM samples WHERE run_id = runs.id AND origin = 'grid' AND ${COUNTS}) AS lastSampleId,
  (SELECT numbers FROM dynamics WHERE run_id = runs.id AND kind = 'validation' AND ${COUNTS} ORDER BY nimg DESC LIMIT 1) AS validation,
  runs.config ->> '$.training.sigmaRels' AS sigmaRels, runs.config ->> '$.grid.sigmaRel' AS drawingSigmaRel,
  runs.devices, runs.created_at AS createdAt, runs.started_at AS startedAt, runs.ended_at AS endedAt, runs.trashed_at AS trashedAt`;
const SOURCE = `
  FROM runs
  JOIN datasets ON datasets.id = runs.dataset_id
  LEFT JOIN ticks AS newest ON newest.run_id = runs.id AND newest.${COUNTS}
    AND newest.nimg = (SELECT max(nimg) FROM ticks WHERE run_id = runs.id AND ${COUNTS})`;

/** From its next process on. @param durationImages training images to see in all */
export function setDuration(db: Database, id: number, durationImages: number): void {
  statement(db, 'UPDATE runs SET duration_images = ? WHERE id = ?').run(durationImages, id);
}

/** From its next process on. @param microBatch null: a whole batch at once */
export function setMicroBatch(db: Database, id: number, microBatch: number | null): void {
  statement(db, 'UPDATE runs SET micro_batch = ? WHERE id = ?').run(microBatch, id);
}

/** From its next process on. @param devices null: the one of the settings */
export function setDevices(db: Database, id: number, devices: Devices | null): void {
  statement(db, 'UPDATE runs SET devices = ? WHERE id = ?').run(devices && JSON.stringify(devices), id);
}

/** From its next process on. @param across null: this machine trains it alone */
export function setAcross(db: Database, id: number, across: Across | null): void {
  statement(db, 'UPDATE runs SET across = ? WHERE id = ?').run(across && JSON.stringify(across), id);
}

/** @returns the new run's id; it is `queued` */
export function insertRun(db: Database, run: NewRun, createdAt = Date.now()): number {
  const result = statement(
    db,
    `INSERT INTO runs (name, notes, tags, state, dataset_id, parent_run_id, config, preset, resolution, channels,
       label_dim, seed, duration_images, micro_batch, devices, across, parameters, created_at)
     VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    run.name,
    run.notes,
    JSON.stringify(run.tags),
    run.datasetId,
    run.parentRunId ?? null,
    JSON.stringify(run.config),
    run.config.preset,
    run.shape.resolution,
    run.shape.channels,
    run.shape.labelDim,
    run.config.training.seed,
    run.config.training.durationImages,
    run.config.training.microBatch,
    run.devices == null ? null : JSON.stringify(run.devices),
    run.across == null ? null : JSON.stringify(run.across),
    run.parameters,
    createdAt,
  );
  return insertedId(result);
}

/** Newest first. */
export function listRuns(db: Database, { trashed }: { trashed: boolean }): RunSummary[] {
  const rows = statement<[number], StoredSummary>(
    db,
    `SELECT ${SUMMARY} ${SOURCE} WHERE (runs.trashed_at IS NOT NULL) = ? ORDER BY runs.id DESC`,
  ).all(trashed ? 1 : 0);
  return readableRows(db, rows, toSummary);
}

/** @throws {AppError} 'not-found' */
export function getRunSummary(db: Database, id: number): RunSummary {
  const row = statement<[number], StoredSummary>(db, `SELECT ${SUMMARY} ${SOURCE} WHERE runs.id = ?`).get(id);
  if (row === undefined) throw noRun(id);
  return toSummary(row);
}

/** What a run is known by again; null: there is none. `createdAt`: milliseconds since 1970. */
export function runIdentity(db: Database, id: number): { name: string; createdAt: number } | null {
  return (
    statement<[number], { name: string; createdAt: number }>(
      db,
      'SELECT name, created_at AS createdAt FROM runs WHERE id = ?',
    ).get(id) ?? null
  );
}

/** @throws {AppError} 'not-found' */
export function getRun(db: Database, id: number): Run {
  const row = statement<[number], RunRow>(
    db,
    `SELECT ${SUMMARY}, runs.config, runs.resolution, runs.channels, runs.label_dim AS labelDim,
       runs.micro_batch AS microBatch, runs.across, runs.device
     ${SOURCE} WHERE runs.id = ?`,
  ).get(id);
  if (row === undefined) throw noRun(id);
  const { config, resolution, channels, labelDim, microBatch, across, device, ...summary } = row;
  return {
    ...toSummary(summary),
    config: readColumn(RunConfig, config, [`Run ${id}`, 'configuration']),
    shape: { resolution, channels, labelDim },
    microBatch,
    across: across === null ? null : readColumn(Across, across, [`Run ${id}`, 'machines']),
    device,
    resumes: statement<[number], number>(db, 'SELECT DISTINCT nimg FROM resumes WHERE run_id = ? ORDER BY nimg')
      .pluck()
      .all(id),
  };
}

/** Configurations of some runs; those that aren't there, or can't be read, are left out. */
export function runConfigs(db: Database, ids: readonly number[]): { id: number; config: RunConfig }[] {
  const one = statement<[number], { id: number; config: string }>(db, 'SELECT id, config FROM runs WHERE id = ?');
  const rows = ids.flatMap((id) => one.get(id) ?? []);
  return readableRows(db, rows, ({ id, config }) => ({
    id,
    config: readColumn(RunConfig, config, [`Run ${id}`, 'configuration']),
  }));
}

/**
 * Moves a run to a state. `running` notes the start (once), the states of an end note the time, `queued` and
 * `running` forget an earlier error.
 */
export function setRunState(
  db: Database,
  id: number,
  state: RunState,
  error: string | null = null,
  at = Date.now(),
): void {
  const begins = state === 'running' ? at : null;
  const ends = state === 'finished' || state === 'stopped' || state === 'failed' ? at : null;
  const result = statement(
    db,
    `UPDATE runs SET state = ?, error = ?, started_at = coalesce(started_at, ?), ended_at = ? WHERE id = ?`,
  ).run(state, error, begins, ends, id);
  if (result.changes === 0) throw noRun(id);
}

/** @param device in words ("CPU, 2 threads") */
export function setRunDevice(db: Database, id: number, device: string): void {
  statement(db, 'UPDATE runs SET device = ? WHERE id = ?').run(device, id);
}

/** What is not given stays. */
export function editRun(
  db: Database,
  id: number,
  change: { name?: string | undefined; notes?: string | undefined; tags?: string[] | undefined },
): void {
  const result = statement(
    db,
    'UPDATE runs SET name = coalesce(?, name), notes = coalesce(?, notes), tags = coalesce(?, tags) WHERE id = ?',
  ).run(
    change.name ?? null,
    change.notes ?? null,
    change.tags === undefined ? null : JSON.stringify([...new Set(change.tags)]),
    id,
  );
  if (result.changes === 0) throw noRun(id);
}

/** @param at time it went to the trash; null: back out of it */
export function setRunTrashed(db: Database, id: number, at: number | null): void {
  const result = statement(db, 'UPDATE runs SET trashed_at = ? WHERE id = ?').run(at, id);
  if (result.changes === 0) throw noRun(id);
}

/** Deletes a run with all its rows. @returns the files that go with them, for `dropFiles` */
export function deleteRunRows(db: Database, id: number): string[] {
  return write(db, () => {
    const files = ['snapshots', 'checkpoints', 'samples', 'reconstructions'].flatMap((table) =>
      statement<[number], string>(db, `SELECT file FROM ${table} WHERE run_id = ?`).pluck().all(id),
    );
    const result = statement(db, 'DELETE FROM runs WHERE id = ?').run(id);
    if (result.changes === 0) throw noRun(id);
    return files;
  });
}

/** The run came this far; never moves backwards (that is `rewindRun` of history.ts). */
export function advanceRun(db: Database, id: number, nimg: number): void {
  statement(db, 'UPDATE runs SET nimg = max(nimg, ?) WHERE id = ?').run(nimg, id);
}

/** The runs that train on a dataset, those in the trash too. */
export function runsOfDataset(db: Database, datasetId: number): { id: number; name: string }[] {
  return statement<[number], { id: number; name: string }>(
    db,
    'SELECT id, name FROM runs WHERE dataset_id = ? ORDER BY id',
  ).all(datasetId);
}

/** How fast a run trained. */
export interface MeasuredSpeed {
  readonly config: RunConfig;
  readonly microBatch: number | null;
  readonly shape: DataShape;
  /** Of its newest tick. */
  readonly imagesPerSecond: number;
}

/** Speeds of the newest runs that have one, newest first. */
export function measuredSpeeds(db: Database, limit: number): MeasuredSpeed[] {
  type Row = DataShape & { id: number; config: string; microBatch: number | null; imagesPerSecond: number };
  const rows = statement<[number], Row>(
    db,
    `SELECT * FROM (
       SELECT runs.id, runs.config, runs.resolution, runs.channels, runs.label_dim AS labelDim,
         runs.micro_batch AS microBatch,
         (SELECT ${imagesPerSecond.column} FROM ticks
          WHERE run_id = runs.id AND ${COUNTS} AND ${imagesPerSecond.column} IS NOT NULL
          ORDER BY nimg DESC LIMIT 1) AS imagesPerSecond
       FROM runs WHERE devices IS NULL OR json_array_length(devices) = 1)
     WHERE imagesPerSecond > 0 ORDER BY id DESC LIMIT ?`,
  ).all(limit);
  return readableRows(db, rows, ({ id, config, resolution, channels, labelDim, ...measured }) => ({
    config: readColumn(RunConfig, config, [`Run ${id}`, 'configuration']),
    shape: { resolution, channels, labelDim },
    ...measured,
  }));
}

const Tags = z.array(z.string());

function toSummary({ validation, sigmaRels, drawingSigmaRel, ...row }: StoredSummary): RunSummary {
  return {
    ...row,
    validationError: validationErrorOf({ validation, sigmaRels, drawingSigmaRel }),
    tags: readColumn(Tags, row.tags, [`Run ${row.id}`, 'tags']),
    devices: row.devices === null ? null : readColumn(Devices, row.devices, [`Run ${row.id}`, 'devices']),
  };
}

const Lengths = z.array(z.number());

/** That of the average that draws, on pictures that are held out; null: there is none, or it was not finite. */
function validationErrorOf(stored: Pick<StoredSummary, 'validation' | 'sigmaRels' | 'drawingSigmaRel'>): number | null {
  const { validation, sigmaRels, drawingSigmaRel } = stored;
  if (validation === null || sigmaRels === null) return null;
  const lengths = Lengths.safeParse(JSON.parse(sigmaRels)).data ?? [];
  const row = validationRows(lengths).findIndex(
    ({ sigmaRel, pictures }) => sigmaRel === drawingSigmaRel && pictures === 'held out',
  );
  if (row < 0 || validation.length < 4 * (row + 1)) return null;
  const value = validation.readFloatLE(4 * row);
  return Number.isFinite(value) ? value : null;
}

function noRun(id: number): AppError {
  return new AppError('not-found', `There is no run ${id}.`);
}
