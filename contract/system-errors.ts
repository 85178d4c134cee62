import { AppError, type ErrorCode } from './errors.ts';

/**
 * What the operating system, and SQLite below the library, may refuse, as sentences: one table for every process. Node's
 * errors carry a `code`, and a `path` where a file was meant.
 */

interface Refusal {
  readonly code: ErrorCode;
  /** @param where the file or folder that was meant, with a blank before it; '' where none is known */
  readonly sentence: (where: string) => string;
}

const full: Refusal = {
  code: 'no-space',
  sentence: (where) => `The disk${where === '' ? '' : ` of${where}`} is full. Make room, then try again.`,
};
const denied: Refusal = {
  code: 'forbidden',
  sentence: (where) =>
    `The system does not allow access to${where === '' ? ' a file' : where}. Change who may use it, then try again.`,
};
const readOnly: Refusal = {
  code: 'forbidden',
  sentence: (where) =>
    `The disk${where === '' ? '' : ` of${where}`} can only be read, not written. Make it writable, or use another folder.`,
};
const tooMany: Refusal = {
  code: 'limit',
  sentence: () =>
    'Too many files are open at once. Close other programs, or raise the limit (ulimit -n), then try again.',
};
const broken: Refusal = {
  code: 'corrupt-file',
  sentence: (where) =>
    `The disk${where === '' ? '' : ` of${where}`} reports an error. Check it before you go on: what it holds may be damaged.`,
};
const locked: Refusal = {
  code: 'library-in-use',
  sentence: () =>
    "Another program keeps the library's index (library.sqlite) locked. Close it (a database browser, a backup), then try again.",
};

const refusals: Readonly<Record<string, Refusal>> = {
  ENOSPC: full,
  EDQUOT: full,
  SQLITE_FULL: full,
  // SQLite can't make its file for shared memory larger: that lies on the library's disk.
  SQLITE_IOERR_SHMSIZE: full,
  EACCES: denied,
  EPERM: denied,
  SQLITE_PERM: denied,
  SQLITE_AUTH: denied,
  EROFS: readOnly,
  SQLITE_READONLY: readOnly,
  EMFILE: tooMany,
  ENFILE: tooMany,
  EIO: broken,
  SQLITE_IOERR: broken,
  ENOENT: {
    code: 'not-found',
    sentence: (where) => `${where === '' ? 'A file that is needed' : where.slice(1)} is not there.`,
  },
  ENOTDIR: {
    code: 'not-found',
    sentence: (where) =>
      `${where === '' ? 'A folder that is needed' : where.slice(1)} is not there: a file is in the way.`,
  },
  ENOMEM: {
    code: 'out-of-memory',
    sentence: () => 'The machine ran out of memory. Close what else uses it, then try again.',
  },
  EAGAIN: {
    code: 'limit',
    sentence: () =>
      'The system starts no more processes. Close other programs, or raise the limit (ulimit -u), then try again.',
  },
  SQLITE_BUSY: locked,
  SQLITE_LOCKED: locked,
};

/** SQLite's extended codes have the plain one in front: SQLITE_BUSY_SNAPSHOT is a SQLITE_BUSY. */
function refusalOf(code: string): Refusal | undefined {
  const exact = refusals[code];
  if (exact !== undefined || !code.startsWith('SQLITE_')) return exact;
  return refusals[code.split('_').slice(0, 2).join('_')];
}

/**
 * What was refused, as an expected failure; null where an error is none of the system's that we have words for: a bug.
 *
 * @param error anything that was thrown
 */
export function systemFailure(error: unknown): AppError | null {
  if (error instanceof AppError) return error;
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  const refusal = refusalOf(error.code);
  if (refusal === undefined) return null;
  const path = 'path' in error && typeof error.path === 'string' ? ` ${error.path}` : '';
  return new AppError(refusal.code, refusal.sentence(path), { cause: error });
}

/**
 * What to say of a file or folder that this user may not use.
 *
 * @param owner who it belongs to ("root"); null: to this user, and its permissions forbid it
 * @param us    this user ("user 1000")
 */
export function ownedByAnother(path: string, owner: string | null, us: string): string {
  return owner === null
    ? `${path} is yours, but its permissions do not let you read and write it. Change them (chmod u+rwX), then try again.`
    : `${path} belongs to ${owner}, so ${us} may not use it. Give it back (sudo chown -R on the library's folder), or run EDM2 Studio as ${owner}.`;
}

/** Why something failed, in words that a user can read: never a stack. */
export function reasonOf(error: unknown): string {
  const expected = systemFailure(error);
  if (expected !== null) return expected.message;
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}
/** Whether another connection holds the library's write lock: trying again later helps. */
export function isLocked(error: unknown): boolean {
  return systemCode(error)?.startsWith('SQLITE_BUSY') === true;
}

/** Whether the disk is full: trying again helps once somebody made room. */
export function isFull(error: unknown): boolean {
  const code = systemCode(error);
  return (error instanceof AppError && error.code === 'no-space') || (code !== null && refusalOf(code) === full);
}

function systemCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
