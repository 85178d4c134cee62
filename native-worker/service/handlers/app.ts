import { readdir, stat, statfs } from 'node:fs/promises';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { appInfo, expectSpeed, getSettings, openBrowserDoor, setSettings, shutdown } from '../../../contract/app.ts';
import { settingsChanged } from '../../../contract/events.ts';
import { measuredSpeeds } from '../../store/runs.ts';
import { readSettings, writeSettings } from '../../store/settings.ts';
import { statement } from '../../store/statements.ts';
import { expectedSpeed } from '../expected-speed.ts';
import { handler, type Handler } from '../handle.ts';
import { remembered } from '../remembered.ts';
import { exposureWarning } from '../web.ts';
import type { ServiceParts } from './context.ts';

/** So many of the newest runs say how fast training is: older ones may be from another device. */
const RUNS_ASKED = 50;

/** The library's size holds so long: to know it every file is looked at. */
const LIBRARY_SIZE_MS = 30_000;

/** The app itself: facts, settings, its end. */
export function appHandlers({ library, events, queue, runtimes, version, openWeb, shutDown }: ServiceParts): Handler[] {
  const { db, folder } = library;
  const librarySize = remembered(LIBRARY_SIZE_MS, () => sizeOf(folder));
  return [
    handler(appInfo, async () => {
      const disk = await statfs(folder);
      return {
        version,
        libraryPath: folder,
        librarySizeBytes: await librarySize(),
        diskFreeBytes: disk.bavail * disk.bsize,
        node: process.versions.node,
        sqlite: statement<[], string>(db, 'SELECT sqlite_version()').pluck().get()!,
        tensorflow: await runtimes.version(),
        runtime: await runtimes.active(),
        gpu: (await runtimes.gpu())?.index ?? null,
        platform: `${platform()} ${arch()} ${release()}`,
        cores: cpus().length,
        memoryBytes: totalmem(),
        trainingMemory: await runtimes.memory(!queue.idle),
      };
    }),
    handler(getSettings, () => readSettings(db)),
    handler(setSettings, (change) => {
      const settings = writeSettings(db, change);
      events.emit(settingsChanged, settings);
      return settings;
    }),
    handler(expectSpeed, (wanted) => expectedSpeed(wanted, measuredSpeeds(db, RUNS_ASKED))),
    handler(openBrowserDoor, async ({ whileConnected, ...door }, asker) => {
      const { url, takenPort, close } = await openWeb(door);
      if (whileConnected) asker.onLeave(close);
      return { url, warning: exposureWarning(door.host), takenPort };
    }),
    handler(shutdown, () => {
      shutDown();
      return {};
    }),
  ];
}

/** Bytes of all files in a folder. Files that vanish meanwhile don't count. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await stat(join(entry.parentPath, entry.name)).catch(() => null))?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
