import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import { LibraryIdentity } from '../../contract/library.ts';
import { writeAll, writeDurably } from '../store/durable-file.ts';
import { HELD_NAME } from '../store/paths.ts';
import { unusableLibrary } from '../store/unusable.ts';
import { placeOf, removeOwn } from '../system/files.ts';
import { takeLock, type ProcessLock } from '../system/process-lock.ts';
import { claimFolder } from './library-folder.ts';

/**
 * One service a library. Two files tell it: `service.held` is locked by the service as long as it lives, and
 * `service.lock` says in JSON who holds it, which library that is and where it listens; it is what others read, it may
 * be out of date, and in a copy of the library it speaks of somebody else.
 */

const LOCK_NAME = 'service.lock';

const ServiceAddress = z.object({
  pid: z.int().positive(),
  socket: z.string(),
  startedAt: z.number(),
  library: LibraryIdentity,
});

/** Who serves a library, and where. */
export type ServiceAddress = z.infer<typeof ServiceAddress>;

/** Proof of holding a library, until released or the end of the process. */
export interface Ownership {
  /** Tells everybody where the service of this library listens. */
  announce(socket: string, library: LibraryIdentity): void;
  /** Whether what we hold still lies in the folder. */
  stillThere(): boolean;
  /** Lets go of what is still ours: in a folder that was made anew everything is somebody else's. */
  release(): void;
}

/**
 * Takes hold of a library.
 *
 * @returns null if another process holds it
 * @throws {AppError} 'forbidden' or 'no-space' if the folder can't be written; 'conflict' if it is no library
 */
export function takeLibrary(folder: string): Ownership | null {
  const root = resolve(folder);
  claimFolder(root);
  let held: ProcessLock | null;
  try {
    held = takeLock(join(root, HELD_NAME));
  } catch (error) {
    throw unusableLibrary(folder, error);
  }
  if (held === null) return null;
  const path = join(root, LOCK_NAME);
  let announced = '';
  return {
    announce: (socket, library) => {
      const address: ServiceAddress = { pid: process.pid, socket, startedAt: Date.now(), library };
      announced = `${JSON.stringify(address)}\n`;
      writeDurably(path, (fd) => writeAll(fd, Buffer.from(announced)));
    },
    stillThere: () => held.stillThere(),
    release: () => {
      removeOwn(path, announced);
      held.release();
    },
  };
}

/**
 * What the library's lock file says; null if there is none or it makes no sense. It may speak of a dead service, and in
 * a copy of another library: who connects asks the greeting whether it is this one.
 */
export function readAddress(folder: string): ServiceAddress | null {
  try {
    return ServiceAddress.safeParse(JSON.parse(readFileSync(join(folder, LOCK_NAME), 'utf8'))).data ?? null;
  } catch {
    return null; // no file, or not JSON: nobody has announced anything
  }
}

/** Whether an identity that somebody tells is that of the library in a folder, as it lies there now. */
export function isLibraryIn(folder: string, told: LibraryIdentity): boolean {
  const place = placeOf(folder);
  return place !== null && place.device === told.device && place.inode === told.inode;
}

/** Socket addresses are short: 104 bytes with the final zero on macOS, 108 on Linux. */
const MAX_SOCKET_PATH = 103;

/**
 * A new address to listen on: a socket in a folder that only this user can enter, or a named pipe. Each start has its
 * own, so that a service that ends late takes only its own away.
 *
 * @throws {AppError} 'forbidden' if somebody else owns that folder
 */
export function newSocketPath(libraryFolder: string): string {
  const name = `${socketPrefix(libraryFolder)}${randomBytes(4).toString('hex')}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\edm2-studio-${userInfo().username}-${name}`;
  // Not `userInfo`: it throws where the system knows no name for the number, as in a container.
  const uid = process.getuid!();
  const bases = [process.env.XDG_RUNTIME_DIR, tmpdir(), '/tmp'];
  for (const base of bases) {
    if (base === undefined || base === '') continue;
    const folder = join(base, `edm2-studio-${uid}`);
    const path = join(folder, `${name}.sock`);
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH || !makePrivate(folder, uid)) continue;
    return path;
  }
  throw new AppError(
    'forbidden',
    `No folder for the service's socket: set XDG_RUNTIME_DIR or TMPDIR to a short path of your own (tried ${bases.filter(Boolean).join(', ')}).`,
  );
}

/**
 * Removes the sockets that killed services of this library have left: those on which nobody listens.
 *
 * @param own where we listen
 */
export async function removeDeadSockets(libraryFolder: string, own: string): Promise<void> {
  if (process.platform === 'win32') return; // a named pipe goes with its process
  const folder = dirname(own);
  const prefix = socketPrefix(libraryFolder);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.startsWith(prefix) && path !== own && !(await isListenedOn(path))) rmSync(path, { force: true });
  }
}

function socketPrefix(libraryFolder: string): string {
  return `${createHash('sha256').update(resolve(libraryFolder)).digest('hex').slice(0, 16)}-`;
}

function isListenedOn(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Anything but a clear refusal leaves it alone.
    socket.once('error', (error) => resolve(!hasSystemCode(error, 'ECONNREFUSED')));
  });
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
