import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import * as z from 'zod';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import { writeAll, writeDurably } from '../store/durable-file.ts';
import { HELD_NAME } from '../store/paths.ts';
import { claimFolder, unusableLibrary } from './library-folder.ts';

/**
 * One service a library. Two files tell it: `service.held` is an empty database whose exclusive lock the service keeps
 * as long as it lives. The system gives that lock to one process only and takes it back when the process dies, however
 * it dies, so there is nothing stale to judge. `service.lock` says in JSON who holds it and where it listens; it is
 * what others read, and it may be out of date.
 */

const LOCK_NAME = 'service.lock';

const ServiceAddress = z.object({ pid: z.int().positive(), socket: z.string(), startedAt: z.number() });

/** Who serves a library, and where. */
export type ServiceAddress = z.infer<typeof ServiceAddress>;

/** Proof of holding a library, until released or the end of the process. */
export interface Ownership {
  /** Tells everybody where the service listens. */
  announce(socket: string): void;
  release(): void;
}

/**
 * Takes hold of a library.
 *
 * @returns null if another process holds it
 * @throws {AppError} 'forbidden' or 'no-space' if the folder can't be written; 'conflict' if it is no library
 */
export function takeLibrary(folder: string): Ownership | null {
  claimFolder(resolve(folder));
  let held: Database.Database;
  try {
    held = new Database(join(folder, HELD_NAME), { timeout: 0 });
  } catch (error) {
    throw unusableLibrary(folder, error);
  }
  try {
    held.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    held.close();
    if (hasSystemCode(error, 'SQLITE_BUSY')) return null;
    throw error;
  }
  return {
    announce: (socket) => {
      const address: ServiceAddress = { pid: process.pid, socket, startedAt: Date.now() };
      writeDurably(join(folder, LOCK_NAME), (fd) => writeAll(fd, Buffer.from(`${JSON.stringify(address)}\n`)));
    },
    release: () => {
      rmSync(join(folder, LOCK_NAME), { force: true });
      held.close();
    },
  };
}

/** What the library's lock file says; null if there is none or it makes no sense. It may speak of a dead service. */
export function readAddress(folder: string): ServiceAddress | null {
  try {
    const parsed = ServiceAddress.safeParse(JSON.parse(readFileSync(join(folder, LOCK_NAME), 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // no file, or not JSON: nobody has announced anything
  }
}

/** Socket addresses are short: 104 bytes with the final zero on macOS, 108 on Linux. */
const MAX_SOCKET_PATH = 103;

/**
 * Where the service of a library listens: a socket in a folder that only this user can enter, or a named pipe.
 *
 * @throws {AppError} 'forbidden' if somebody else owns that folder
 */
export function socketPath(libraryFolder: string): string {
  const name = createHash('sha256').update(resolve(libraryFolder)).digest('hex').slice(0, 16);
  const user = userInfo();
  if (process.platform === 'win32') return `\\\\.\\pipe\\edm2-studio-${user.username}-${name}`;
  const bases = [process.env.XDG_RUNTIME_DIR, tmpdir(), '/tmp'];
  for (const base of bases) {
    if (base === undefined || base === '') continue;
    const folder = join(base, `edm2-studio-${user.uid}`);
    const path = join(folder, `${name}.sock`);
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH || !makePrivate(folder, user.uid)) continue;
    return path;
  }
  throw new AppError(
    'forbidden',
    `No folder for the service's socket: set XDG_RUNTIME_DIR or TMPDIR to a short path of your own (tried ${bases.filter(Boolean).join(', ')}).`,
  );
}

/** Makes a folder that is ours alone; false if it can't be. In a shared /tmp somebody else may have been there first. */
function makePrivate(folder: string, uid: number): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!hasSystemCode(error, 'EEXIST')) return false;
  }
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== uid) return false;
  if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
  return true;
}
