import { existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { destination, pino, type Logger } from 'pino';
import { LOGS_FOLDER } from '../store/paths.ts';

/** At the next start a larger log becomes the old one, of which one is kept. */
const MAX_LOG_BYTES = 5_000_000;

/** The service's own log: JSON lines in the library's `logs/service.log`, written at once. */
export function openLog(libraryFolder: string): Logger {
  const path = join(libraryFolder, LOGS_FOLDER, 'service.log');
  if (existsSync(path) && statSync(path).size > MAX_LOG_BYTES) renameSync(path, `${path}.old`);
  return pino({ base: { pid: process.pid } }, destination({ dest: path, sync: true, mkdir: true }));
}
