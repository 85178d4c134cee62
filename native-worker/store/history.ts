import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { exactImages } from '../../contract/units.ts';
import { COUNTS } from './counting.ts';
import * as dynamics from './dynamics-levels.ts';
import { statement, write } from './statements.ts';
import * as ticks from './tick-levels.ts';

/** Every table with moments of a run; all of them have `run_id`, `nimg` and `rewound`. */
const HISTORY = ['ticks', 'dynamics', 'snapshots', 'checkpoints', 'reconstructions', 'samples'] as const;

/** Of these, those whose rows name a file. */
const FILES = ['snapshots', 'checkpoints', 'reconstructions', 'samples'] as const;

/** Of these, what is made of a moment by other jobs than training. */
const MADE = [
  ['samples', `origin <> 'grid'`],
  ['reconstructions', 'TRUE'],
] as const;

/**
 * A run goes on from a checkpoint: what was written down after it no longer counts.
 *
 * @param nimg the checkpoint's; everything later is rewound. 0: it starts anew
 */
export function rewindRun(db: Database, id: number, nimg: number, at = Date.now()): void {
  write(db, () => {
    const last = countRewinds(db, id);
    for (const table of HISTORY) {
      statement(db, `UPDATE ${table} SET rewound = ? WHERE run_id = ? AND ${COUNTS} AND nimg > ?`).run(
        last + 1,
        id,
        nimg,
      );
    }
    ticks.retreat(db, id, nimg);
    dynamics.retreat(db, id, nimg);
    statement(db, 'UPDATE runs SET nimg = ? WHERE id = ?').run(nimg, id);
    statement(db, 'DELETE FROM resumes WHERE run_id = ? AND nimg > ?').run(id, nimg);
    if (nimg > 0) statement(db, 'INSERT OR IGNORE INTO resumes (run_id, nimg, at) VALUES (?, ?, ?)').run(id, nimg, at);
  });
}

/** How often a run undid something by going on from an earlier moment. */
export function countRewinds(db: Database, runId: number): number {
  return Math.max(
    ...HISTORY.map((table) =>
      statement<[number], number>(db, `SELECT coalesce(max(rewound), 0) FROM ${table} WHERE run_id = ?`)
        .pluck()
        .get(runId)!,
    ),
  );
}

/** Files of a run's undone history. A grid that was drawn again at the same moment has taken the place of the old one. */
export function undoneFiles(db: Database, runId: number): string[] {
  const files = (which: string): string[] =>
    FILES.flatMap((table) =>
      statement<[number], string>(db, `SELECT file FROM ${table} WHERE run_id = ? AND ${which} ORDER BY file`)
        .pluck()
        .all(runId),
    );
  const counting = new Set(files(COUNTS));
  return [...new Set(files(`NOT ${COUNTS}`))].filter((file) => !counting.has(file));
}

/**
 * The run has come by a moment again, and what it computes is the same (resuming is exact): what was made of the
 * snapshots of that moment counts again.
 */
export function countAgain(db: Database, runId: number, nimg: number): void {
  for (const [table, which] of MADE)
    statement(db, `UPDATE ${table} SET rewound = 0 WHERE run_id = ? AND nimg = ? AND ${which}`).run(runId, nimg);
}

/**
 * Makes sure that an average that was asked for by its id still counts.
 *
 * @throws {AppError} 'conflict' if its run has undone it
 */
export function checkCounts(db: Database, table: 'snapshots' | 'reconstructions', id: number): void {
  const undone = statement<[number], { name: string; nimg: number; now: number }>(
    db,
    `SELECT runs.name, ${table}.nimg, runs.nimg AS now FROM ${table} JOIN runs ON runs.id = run_id
     WHERE ${table}.id = ? AND NOT ${table}.${COUNTS}`,
  ).get(id);
  if (undone === undefined) return;
  throw new AppError(
    'conflict',
    `The average at ${exactImages(undone.nimg)} is no longer part of "${undone.name}", which went on from an earlier checkpoint ` +
      `and is at ${exactImages(undone.now)}. Choose another, or let it train on.`,
  );
}
