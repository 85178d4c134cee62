import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod';
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
