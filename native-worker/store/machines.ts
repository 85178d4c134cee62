import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { statement } from './statements.ts';

/** Table `machines`: workers on other machines, and the tokens that they ask for. */

/** Addresses, sorted. */
export function listMachines(db: Database): string[] {
  return statement<[], string>(db, 'SELECT address FROM machines ORDER BY address').pluck().all();
}

/** @throws {AppError} 'not-found' */
export function tokenOf(db: Database, address: string): string {
  const token = statement<[string], string>(db, 'SELECT token FROM machines WHERE address = ?').pluck().get(address);
  if (token !== undefined) return token;
  throw new AppError(
    'not-found',
    `No token is known for the worker at ${address}: add it under "Machines" of a new run, or set EDM2_WORKER_TOKEN.`,
  );
}

export function putMachine(db: Database, address: string, token: string, addedAt = Date.now()): void {
  statement(
    db,
    `INSERT INTO machines (address, token, added_at) VALUES (?, ?, ?)
     ON CONFLICT (address) DO UPDATE SET token = excluded.token`,
  ).run(address, token, addedAt);
}

export function deleteMachine(db: Database, address: string): void {
  statement(db, 'DELETE FROM machines WHERE address = ?').run(address);
}
