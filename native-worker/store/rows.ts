import type { Database } from 'better-sqlite3';
import type * as z from 'zod';
import { AppError } from '../../contract/errors.ts';
import { newerFormat, upgraded } from '../../contract/formats.ts';

/**
 * Columns that hold JSON. A row that can't be read (a damaged disk, somebody's hand, an older or newer program) costs
 * itself, never the list that it stands in: it is left out, and what is wrong with it is told once.
 */

type Tell = (problem: string) => void;

/** What was told of each connection's rows, and who is told. */
const problems = new WeakMap<Database, { readonly told: Set<string>; tell: Tell }>();

function problemsOf(db: Database): { readonly told: Set<string>; tell: Tell } {
  let found = problems.get(db);
  if (found === undefined) problems.set(db, (found = { told: new Set(), tell: () => undefined }));
  return found;
}

/** Is told of each row of a connection that is left out, once. */
export function onUnreadableRow(db: Database, tell: Tell): void {
  problemsOf(db).tell = tell;
}

/** What was found wrong with rows so far, a sentence each. */
export function unreadableRows(db: Database): string[] {
  return [...problemsOf(db).told];
}

/**
 * Reads a JSON column, whatever version wrote it.
 *
 * @param what names the row ("Run 3") and the column ("tags")
 * @throws {AppError} 'corrupt-file'
 */
export function readColumn<T extends z.ZodType>(
  schema: T,
  text: string,
  what: [row: string, column: string],
): z.output<T> {
  const [row, column] = what;
  let stored: unknown;
  try {
    stored = upgraded(JSON.parse(text));
    return schema.parse(stored);
  } catch (cause) {
    const newer = newerFormat(stored);
    if (newer !== null) {
      throw new AppError('corrupt-file', `${row} can't be read: its ${column} ${newer}. Update EDM2 Studio.`, {
        cause,
      });
    }
    throw new AppError(
      'corrupt-file',
      `${row} can't be read: what the library's index holds as its ${column} makes no sense. The rest works without it; ` +
        'an older copy of the index in backups/ may have it whole.',
      { cause },
    );
  }
}

/** Reads rows and leaves out those that can't be. */
export function readableRows<Row, T>(db: Database, rows: readonly Row[], read: (row: Row) => T): T[] {
  return rows.flatMap((row) => {
    try {
      return [read(row)];
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'corrupt-file') throw error;
      const { told, tell } = problemsOf(db);
      if (!told.has(error.message)) {
        told.add(error.message);
        tell(error.message);
      }
      return [];
    }
  });
}
