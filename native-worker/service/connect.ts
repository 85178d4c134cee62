import { closeSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../contract/errors.ts';
import { GREETING_TIMEOUT_MS } from '../../contract/rpc-client.ts';
import { openClient, type ServiceClient } from '../client/service-client.ts';
import { startService } from '../client/start-service.ts';
import { LOGS_FOLDER } from '../store/paths.ts';
import { unusableLibrary } from '../store/unusable.ts';
import { makeFolder } from '../system/make-folder.ts';
import { claimFolder } from './library-folder.ts';
import { isLibraryIn, readAddress, type ServiceAddress } from './ownership.ts';
import { serviceScript } from './program-files.ts';

/** Finds the service of a library, or starts it: for the command line, tests, a second service that is not needed. */

/** Of two services started at once one must be allowed to get ready. */
const LIVING_TIMEOUT_MS = 30_000;
const POLL_MS = 100;

/**
 * Connects to the service of a library, and starts one where none lives. It is a process of its own and outlives this
 * one as long as something runs in it.
 *
 * @param library the library's folder
 * @param options.script what a service process runs, for tests
 * @param options.goOn training that the service left when it died goes on by itself
 * @param options.newIndex begin a new index if the library's own is missing, empty or damaged
 * @throws {AppError} what the service said when it could not start; 'unavailable' if it said nothing; 'forbidden' or
 *   'no-space' if the folder can't be written; 'conflict' if it is no library and not empty
 */
export async function connectToService(
  library: string,
  options: { script?: string; newIndex?: boolean; goOn?: boolean } = {},
): Promise<ServiceClient> {
  const folder = resolve(library);
  const living = await tryLiving(folder);
  if (living !== null) return living.client;
  const { socket } = await startService({
    node: process.execPath,
    entry: options.script ?? serviceScript(),
    args: [
      ...['--library', folder],
      ...(options.newIndex === true ? ['--new-index'] : []),
      ...(options.goOn === true ? ['--go-on'] : []),
    ],
    errorLog: startLog(folder),
  });
  return openClient(socket);
}

/**
 * Connects to the service that holds a library, which may be just starting.
 *
 * @throws {AppError} 'library-in-use' if it does not answer
 */
export async function awaitLiving(
  library: string,
  timeoutMs = LIVING_TIMEOUT_MS,
): Promise<{ client: ServiceClient; address: ServiceAddress }> {
  const folder = resolve(library);
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const living = await tryLiving(folder, deadline - performance.now());
    if (living !== null) return living;
    if (performance.now() > deadline) break;
    await sleep(POLL_MS);
  }
  const address = readAddress(folder);
  const who = address !== null && isLibraryIn(folder, address.library) ? `Process ${address.pid}` : 'Another process';
  throw new AppError(
    'library-in-use',
    `${who} has the library ${library} open and does not answer. End it, or choose another library with --library.`,
  );
}

/**
 * The service that a library's lock file names, if it lives and serves this very library. What else listens there, the
 * service of the library that this one was copied from perhaps, is left alone.
 */
async function tryLiving(
  folder: string,
  timeoutMs = GREETING_TIMEOUT_MS,
): Promise<{ client: ServiceClient; address: ServiceAddress } | null> {
  const address = readAddress(folder);
  if (address === null) return null;
  let client: ServiceClient;
  try {
    client = await openClient(address.socket, { greetingTimeoutMs: Math.min(timeoutMs, GREETING_TIMEOUT_MS) });
  } catch (error) {
    if (error instanceof AppError && error.code === 'unavailable') return null; // it is gone, or not ready yet
    throw error;
  }
  const { library } = client.hello;
  if (library !== null && library.id === address.library.id && isLibraryIn(folder, library)) return { client, address };
  client.close();
  return null;
}

/** The file that takes what a service says in vain; a new library gets its folder here. */
function startLog(folder: string): string {
  claimFolder(folder);
  const logs = join(folder, LOGS_FOLDER);
  const path = join(logs, 'service-start.log');
  try {
    makeFolder(logs);
    closeSync(openSync(path, 'a'));
  } catch (error) {
    throw unusableLibrary(folder, error);
  }
  return path;
}
