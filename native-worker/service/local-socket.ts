import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import { isFull, systemFailure } from '../../contract/system-errors.ts';

/** Where programs of this user speak to a service: a socket in a folder that only they can enter, or a named pipe. */

/** Socket addresses are short: 104 bytes with the final zero on macOS, 108 on Linux. */
const MAX_SOCKET_PATH = 103;

/**
 * Listens on a new address: each start has its own, so that a service that ends late takes only its own away. Where the
 * system refuses one folder (its disk is full, it can't be written) the next is tried.
 *
 * @returns the address
 * @throws {AppError} 'forbidden' if no folder can be used: somebody else owns it, or it can't be made; 'no-space' if the
 *   last one's disk is full
 */
export async function listenPrivately(server: Server, libraryFolder: string): Promise<string> {
  const name = `${socketPrefix(libraryFolder)}${randomBytes(4).toString('hex')}`;
  if (process.platform === 'win32') {
    const pipe = `\\\\.\\pipe\\edm2-studio-${userInfo().username}-${name}`;
    await listen(server, pipe);
    return pipe;
  }
  // Not `userInfo`: it throws where the system knows no name for the number, as in a container.
  const uid = process.getuid!();
  const bases = [process.env.XDG_RUNTIME_DIR, tmpdir(), '/tmp'].filter((base) => base !== undefined && base !== '');
  let refused: unknown;
  for (const base of new Set(bases)) {
    const folder = join(base!, `edm2-studio-${uid}`);
    const path = join(folder, `${name}.sock`);
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH) continue;
    try {
      if (!makePrivate(folder, uid)) continue;
      await listen(server, path);
      return path;
    } catch (error) {
      if (systemFailure(error) === null) throw error;
      refused = error;
    }
  }
  const tried = [...new Set(bases)].join(', ');
  if (isFull(refused)) {
    const message = `There is no room for the service's socket (tried ${tried}). Make room there, or set TMPDIR to another folder.`;
    throw new AppError('no-space', message, { cause: refused });
  }
  throw new AppError(
    'forbidden',
    `No folder for the service's socket: set XDG_RUNTIME_DIR or TMPDIR to a short path of your own (tried ${tried}).`,
    { cause: refused },
  );
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
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
    if (isFull(error)) throw error;
    if (!hasSystemCode(error, 'EEXIST')) return false;
  }
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== uid) return false;
  if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
  return true;
}
