import { gunzipSync, gzipSync } from 'node:zlib';
import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { type KeptProfile, Profile } from '../../contract/profile.ts';
import { readableRows, readColumn } from './rows.ts';
import { insertedId, statement, write } from './statements.ts';

/** Table `profiles`: measurements of where the time of a run's step goes. Jobs write it. */

/** A run keeps the newest; a trace of a large network is a megabyte. */
const MOST_OF_A_RUN = 20;

interface ProfileRow extends Omit<KeptProfile, 'profile'> {
  profile: string;
}

const COLUMNS = 'id, run_id AS runId, nimg, profile, created_at AS createdAt';

/**
 * Keeps a measurement, and forgets the oldest of a run that has too many.
 *
 * @param trace JSON
 * @returns     its id
 */
export function insertProfile(
  db: Database,
  { runId, nimg, profile, trace }: Pick<KeptProfile, 'runId' | 'nimg' | 'profile'> & { readonly trace: string },
  createdAt = Date.now(),
): number {
  const packed = gzipSync(trace);
  return write(db, () => {
    const id = insertedId(
      statement(db, 'INSERT INTO profiles (run_id, nimg, profile, trace, created_at) VALUES (?, ?, ?, ?, ?)').run(
        ...[runId, nimg, JSON.stringify(profile), packed, createdAt],
      ),
    );
    statement(
      db,
      `DELETE FROM profiles WHERE run_id = @runId AND id NOT IN
         (SELECT id FROM profiles WHERE run_id = @runId ORDER BY id DESC LIMIT @most)`,
    ).run({ runId, most: MOST_OF_A_RUN });
    return id;
  });
}

/** Of a run, the newest first. */
export function listProfiles(db: Database, runId: number): KeptProfile[] {
  const rows = statement<[number], ProfileRow>(
    db,
    `SELECT ${COLUMNS} FROM profiles WHERE run_id = ? ORDER BY id DESC`,
  ).all(runId);
  return readableRows(db, rows, toProfile);
}

/** @throws {AppError} 'not-found' */
export function getProfile(db: Database, id: number): KeptProfile {
  const row = statement<[number], ProfileRow>(db, `SELECT ${COLUMNS} FROM profiles WHERE id = ?`).get(id);
  if (row === undefined) throw noProfile(id);
  return toProfile(row);
}

/** The file for Perfetto, JSON. @throws {AppError} 'not-found' */
export function readTraceOf(db: Database, id: number): Buffer {
  const packed = statement<[number], Buffer>(db, 'SELECT trace FROM profiles WHERE id = ?').pluck().get(id);
  if (packed === undefined) throw noProfile(id);
  return gunzipSync(packed);
}

function toProfile(row: ProfileRow): KeptProfile {
  return { ...row, profile: readColumn(Profile, row.profile, [`Measurement ${row.id}`, 'profile']) };
}

function noProfile(id: number): AppError {
  return new AppError('not-found', `There is no measurement ${id}.`);
}
