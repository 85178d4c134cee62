import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { BrowserDoor } from '../../contract/app.ts';
import { AppError } from '../../contract/errors.ts';
import { serviceEnds } from '../../contract/events.ts';
import { jobEnvironment } from '../engine/runtime/environment.ts';
import { GpuWatch, type GpuWatchOptions } from '../engine/runtime/gpu-watch.ts';
import { needRuntime } from '../engine/runtime/status.ts';
import type { JobParameters } from '../../contract/jobs.ts';
import type { JobKind } from '../store/jobs.ts';
import { jobPrecision } from './job-precision.ts';
import { readBrowsers, writeBrowsers, type Browsers } from '../store/browsers.ts';
import { openLibrary } from '../store/library.ts';
import { patiently } from '../store/patience.ts';
import { onUnreadableRow } from '../store/rows.ts';
import { readSettings } from '../store/settings.ts';
import { addDemoSet } from './dataset-intake.ts';
import { devicesOf, visibleGpus } from './device-environment.ts';
import { watchDevice } from './device-status.ts';
import { Events } from './events.ts';
import { Folders } from './folders.ts';
import { answerWith } from './handle.ts';
import { allHandlers } from './handlers/all.ts';
import type { OpenedDoor } from './handlers/context.ts';
import { JobOutcomes } from './job-outcomes.ts';
import { openLog } from './log-file.ts';
import { listenPrivately, removeDeadSockets } from './local-socket.ts';
import { takeLibrary, type Ownership } from './ownership.ts';
import { appVersion, jobScript, pagesFolder } from './program-files.ts';
import { Queue } from './queue.ts';
import { keepAllRecords } from './records.ts';
import { recover } from './recovery.ts';
import { Runtimes } from './runtimes.ts';
import { recordSystem } from './system-recorder.ts';
import { Connections, makeServer, sendText, type ServerParts } from './server.ts';
import { openWeb, type WebServer } from './web.ts';

/** The service of one library, put together. */

export interface ServiceOptions {
  /** The library's folder; made if it is not there. */
  library: string;
  /** Begin a new index if the library's own is missing, empty or damaged; the old files are set aside. */
  newIndex?: boolean;
  /** End when nobody has been connected and nothing has run for this long, in ms; null: never. */
  idleMs: number | null;
  /** Go on with training that an earlier service left when it died, instead of leaving its runs paused. */
  goOn?: boolean;
  /** The next eight stand in for the program's own parts in tests. */
  jobScript?: string;
  pages?: string;
  environment?: (parameters: JobParameters) => Promise<Record<string, string>>;
  demoSet?: boolean;
  gpuWatch?: GpuWatchOptions;
  firstStepMs?: number;
  /** From the start until all records are looked through. */
  recordsAfterMs?: number;
  /** Between two samples of what the machine does while a run trains. */
  samplePeriodMs?: number;
  /** How long the end may take while training jobs write their checkpoints. */
  patienceMs?: number;
}

export interface RunningService {
  /** Unix socket or named pipe on which programs of this user ask. */
  readonly socket: string;
  /** Opens a TCP port for browsers, if none is open. @returns an address that works once */
  openWeb(door: BrowserDoor): Promise<string>;
  /** Writes down why it has to end: an error that nobody caught. */
  tellEscape(error: unknown): void;
  /** Ends it in good order; the same promise however often it is asked. */
  stop(): Promise<void>;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

/** A big network's checkpoint takes some seconds to write; a step of it may take longer. */
const PATIENCE_MS = 60_000;

/** Other kinds of jobs only read and write files. */
const LOADS_TENSORFLOW: readonly JobKind[] = ['train', 'sample', 'profile', 'tune'];

/** So often the service looks whether its library is still where it was. */
const PLACE_WATCH_MS = 1000;

/** So long the start waits for another program that holds the index locked; who started us waits twice as long. */
const START_PATIENCE_MS = 60_000;

/** All records are looked through when whoever started it has the page before his eyes. */
const RECORDS_AFTER_MS = 2000;

/** If jobs of a dead service still live, the start does not wait for them longer than this. */
const RECOVERY_WAIT_MS = 2000;

/**
 * Starts the service of a library.
 *
 * @returns null if another process serves it
 * @throws {AppError} what `openLibrary` throws, and 'forbidden' if there is no place for the socket
 */
export async function startService(options: ServiceOptions): Promise<RunningService | null> {
  const ownership = takeLibrary(options.library);
  if (ownership === null) return null;
  try {
    return await assemble(options, ownership);
  } catch (error) {
    ownership.release();
    throw error;
  }
}

async function assemble(options: ServiceOptions, ownership: Ownership): Promise<RunningService> {
  const library = await patiently(() => openLibrary(options.library, { migrate: true, newIndex: options.newIndex }), {
    forMs: START_PATIENCE_MS,
  });
  let log: Logger;
  try {
    log = openLog(library.folder);
  } catch (error) {
    library.close();
    throw error;
  }
  onUnreadableRow(library.db, (problem) => log.error({ problem }, 'a row is left out'));
  const version = appVersion();
  log.info({ version, library: library.folder, uncleanEnd: library.uncleanEnd }, 'the service starts');
  const events = new Events();
  const connections = new Connections();
  const outcomes = new JobOutcomes({ library, events, log });
  const runtimes = new Runtimes({ library, events, log });
  const environment = async (parameters: JobParameters): Promise<Record<string, string>> => {
    const { threads, compile, deterministic } = readSettings(library.db);
    const runtime = await runtimes.active();
    if (LOADS_TENSORFLOW.includes(parameters.kind)) await needRuntime(runtime);
    const devices = devicesOf(library.db, parameters);
    const gpu = visibleGpus(await runtimes.machines(devices), devices);
    const precision = jobPrecision(library.db, parameters);
    return jobEnvironment({ runtime, threads, gpu, precision, compile, deterministic });
  };
  const queue = new Queue({
    library,
    events,
    log,
    watcher: outcomes,
    script: options.jobScript ?? jobScript(),
    environment: options.environment ?? environment,
    firstStepMs: options.firstStepMs,
  });

  let web: WebServer | null = null;
  /** How many asked for the door and have not taken it back. */
  let openings = 0;
  const openDoor = async ({ host, port, names, newSessions }: BrowserDoor): Promise<OpenedDoor> => {
    const pages = options.pages ?? pagesFolder();
    if (pages === null) throw new AppError('unavailable', 'The pages are not built yet. Run `npm run build`.');
    if (web !== null && (web.host !== host || (port !== null && port !== 0 && web.port !== port))) {
      throw new AppError(
        'conflict',
        `The service listens on ${web.host}:${web.port} already. End that with Ctrl+C first, or use --host ${web.host} without --port.`,
      );
    }
    const { folder } = library;
    const browsers = {
      read: () => readBrowsers(folder, library.identity()),
      write: (changed: Browsers) => writeBrowsers(folder, library.identity(), changed),
    };
    web ??= await openWeb({ host, port, pages, browsers, parts: serverParts });
    web.allow(names);
    if (newSessions) web.forgetSessions();
    openings += 1;
    log.info({ host: web.host, port: web.port }, 'a door for browsers is open');
    let open = true;
    const close = (): void => {
      if (!open) return;
      open = false;
      openings -= 1;
      if (openings > 0 || web === null) return;
      log.info({ host: web.host, port: web.port }, 'the door for browsers is closed');
      web.close();
      web = null;
    };
    return { url: web.newUrl(), takenPort: web.takenPort, close };
  };
  const answer = answerWith(
    allHandlers({
      library,
      events,
      log,
      queue,
      outcomes,
      runtimes,
      version,
      folders: new Folders(),
      openWeb: openDoor,
      shutDown: () => setImmediate(() => void stop()), // after the answer has gone out
    }),
    log,
  );
  const serverParts: Omit<ServerParts, 'admit'> = {
    version,
    library: () => library.identity(),
    answer,
    events,
    connections,
    log,
    serveFile: async (request, response, path) => {
      if (!path.startsWith('/files/')) {
        sendText(response, 404, 'There is nothing here.');
        return;
      }
      const { sendLibraryFile } = await import('./files.ts'); // loads sharp, which the start would wait for
      await sendLibraryFile(library, request, response, path);
    },
  };

  const local = makeServer({ ...serverParts, admit: () => ({ admitted: true, audience: 'local' }) });
  const gpuWatch = new GpuWatch(options.gpuWatch);
  const stopWatching = watchDevice(events, connections, gpuWatch);
  const stopRecording = recordSystem({ library, events, queue, gpuWatch, log, periodMs: options.samplePeriodMs });
  /** What an earlier service left, and the records, are not in order yet. */
  let settling = true;
  let stopping: Promise<void> | null = null;
  let tellEnd = (): void => undefined;
  const ended = new Promise<void>((resolve) => (tellEnd = resolve));

  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      log.info('the service ends');
      clearTimeout(idleTimer ?? undefined);
      clearInterval(placeWatch);
      runtimes.stop();
      await queue.close(options.patienceMs ?? PATIENCE_MS);
      stopWatching();
      stopRecording();
      events.emit(serviceEnds, {});
      connections.closeAll();
      web?.close();
      local.close();
      local.closeAllConnections();
      library.close();
      ownership.release();
      tellEnd();
    })();
    return stopping;
  };

  /** Whatever lies in our place now is another library, or none: nothing more is written, no job goes on. */
  const leaveMovedLibrary = (): void => {
    log.error({ library: library.folder }, 'the library was moved or removed while it was open; the service ends');
    library.close();
    queue.abandon();
    void stop();
  };
  const placeWatch = setInterval(() => {
    if (stopping === null && !(ownership.stillThere() && library.stillThere())) leaveMovedLibrary();
  }, PLACE_WATCH_MS);
  placeWatch.unref();

  let idleTimer: NodeJS.Timeout | null = null;
  const watchIdleness = (): void => {
    clearTimeout(idleTimer ?? undefined);
    const busy = connections.count > 0 || !queue.idle || settling;
    if (options.idleMs !== null && !busy && stopping === null)
      idleTimer = setTimeout(() => void stop(), options.idleMs);
  };
  connections.watch(watchIdleness);
  queue.onIdle(watchIdleness);
  queue.onIdle(() => runtimes.forgetGpus());

  const recovered = recover(library, log, {
    goOn: options.goOn,
    onChange: ({ jobId, runId }) => {
      if (jobId > 0) queue.announce(jobId);
      if (runId !== null) outcomes.announceRun(runId);
    },
  })
    .catch((error: unknown) => log.error({ err: error }, 'what an earlier service left could not be put in order'))
    .then(async () => {
      // Before any import, which takes in a dataset, too.
      if (options.demoSet === false || !library.db.open) return;
      await patiently(() => addDemoSet(library, events)).catch((error: unknown) =>
        log.error({ err: error }, 'the demo set could not be added'),
      );
    })
    .then(() => {
      if (library.db.open && stopping === null) queue.open();
    })
    .catch((error: unknown) => log.error({ err: error }, 'the queue could not be opened'));
  void recovered
    .then(() => sleep(options.recordsAfterMs ?? RECORDS_AFTER_MS, undefined, { ref: false }))
    .then(() => keepAllRecords({ library, log }))
    .catch((error: unknown) => log.error({ err: error }, 'what is written beside the files could not be put in order'))
    .then(() => {
      settling = false;
      watchIdleness();
    });
  let socket: string;
  try {
    socket = await listenPrivately(local, library.folder);
  } catch (error) {
    library.close();
    throw error;
  }
  await Promise.race([recovered, sleep(RECOVERY_WAIT_MS, undefined, { ref: false })]);
  ownership.announce(socket, library.identity());
  await removeDeadSockets(library.folder, socket);
  const tellEscape = (error: unknown): void =>
    log.fatal({ err: error }, 'an error that nobody caught ends the service');
  return { socket, openWeb: async (door) => (await openDoor(door)).url, tellEscape, stop, ended };
}
