/**
 * Another program that has the library's index open: `node index-holder.ts DATABASE [--again]`. It takes the write lock,
 * says so, and lets go when its input ends; with `--again` it lets go for a moment now and then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';

/** Longer than a connection waits; and long enough for one transaction. */
const HELD_MS = 200;
const FREE_MS = 40;

const db = new Database(process.argv[2], { timeout: 10_000 });
const over = new AbortController();
process.stdin.on('end', () => over.abort()).resume();

db.exec('BEGIN IMMEDIATE');
process.stdout.write('held\n');
while (!over.signal.aborted) {
  await sleep(HELD_MS);
  if (process.argv[3] !== '--again') continue;
  db.exec('ROLLBACK');
  await sleep(FREE_MS);
  db.exec('BEGIN IMMEDIATE');
}
db.exec('ROLLBACK');
process.exit(0);
