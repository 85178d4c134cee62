import { existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { destination, pino, type Logger } from 'pino';
import { LOGS_FOLDER } from '../store/paths.ts';

/** At the next start a larger log becomes the old one, of which one is kept. */
const MAX_LOG_BYTES = 5_000_000;

/** Lines that could not be written are kept up to this; more are lost. */
const MAX_WAITING_BYTES = 1 << 20;

/** The service's own log: JSON lines in the library's `logs/service.log`, written at once. */
export function openLog(libraryFolder: string): Logger {
  const path = join(libraryFolder, LOGS_FOLDER, 'service.log');
  if (existsSync(path) && statSync(path).size > MAX_LOG_BYTES) renameSync(path, `${path}.old`);
  const file = destination({ dest: path, sync: true, mkdir: true, maxLength: MAX_WAITING_BYTES });
  // A full disk must not end the service; what is kept is written with the next line that finds room.
  file.on('error', () => undefined);
  // Not `file` itself: of that pino wants a fatal line written before it goes on, and stands still until there is room.
  return pino({ base: { pid: process.pid } }, { write: (line) => void file.write(line) });
}
