/** Electron's main process: a window, a scheme, a wire to the service. Nothing here computes or stores anything. */
import { join, resolve } from 'node:path';
import { app, dialog, session, type BrowserWindow } from 'electron';
import { onEscaped } from '../contract/escaped.ts';
import { events } from '../contract/events.ts';
import { reasonOf } from '../contract/system-errors.ts';
import { listAppFiles, type AppFile } from './app-files.ts';
import { declareAppScheme, serveApp } from './app-protocol.ts';
import { mayClose } from './closing.ts';
import { pickFolder } from './folder-dialog.ts';
import { guardContents, guardSession } from './guards.ts';
import { CONNECTION_EVENT } from './channels.ts';
import { answerPage, tellPage } from './ipc.ts';
import { installMenu } from './menu.ts';
import { EndNotifier } from './notifications.ts';
import { Service } from './service.ts';
import { findServiceProgram } from './service-program.ts';
import { openWindow, showPlace } from './window.ts';

const eventNames: ReadonlySet<string> = new Set(events.map((event) => event.name));

// As root, Chromium's sandbox can't be; Electron would then end every child process again and again.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox();
declareAppScheme();

// The service is a process of its own: training goes on without this one.
onEscaped(
  process,
  (error) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    const advice = 'A run that trains goes on without the window. Start EDM2 Studio again to see it.';
    dialog.showErrorBox('EDM2 Studio ended unexpectedly', `${reasonOf(error)}\n\n${advice}`);
    app.exit(1);
  },
  () => app.exit(1),
);

if (app.requestSingleInstanceLock()) {
  void app.whenReady().then(start);
} else {
  app.quit(); // the first instance shows its window
}

function start(): void {
  let window: BrowserWindow | null = null;
  const service = new Service({
    program: () =>
      findServiceProgram({
        appPath: app.getAppPath(),
        resourcesPath: app.isPackaged ? process.resourcesPath : null,
      }),
    args: libraryArgument(process.argv),
    errorLog: join(app.getPath('userData'), 'service.log'),
    onEvent(name, payload) {
      notifier.hear(name, payload);
      if (eventNames.has(name)) tell(name, payload);
    },
    onConnected: (open, why) => tell(CONNECTION_EVENT, { open, why }),
  });
  const notifier = new EndNotifier(service);
  const tell = (name: string, payload: unknown): void => {
    if (window !== null && !window.isDestroyed()) tellPage(window.webContents, name, payload);
  };

  app.on('web-contents-created', (_event, contents) => guardContents(contents));
  guardSession(session.defaultSession);
  serveApp(builtPage(), service);
  answerPage({
    call: (name, input) => service.call(name, input),
    pickFolder: () => pickFolder(window, service),
    beginNewIndex: () => service.beginNewIndex(),
  });

  window = openWindow({
    preload: join(app.getAppPath(), 'dist/main/preload.cjs'),
    boundsFile: join(app.getPath('userData'), 'window.json'),
    devTools: !app.isPackaged,
    mayClose: (closing) => mayClose(closing, service),
  });
  const opened = window;
  installMenu(app.isPackaged, { showAbout: () => showPlace(opened, '/about') });
  app.on('second-instance', () => {
    if (opened.isMinimized()) opened.restore();
    opened.show();
  });
  app.on('window-all-closed', () => {
    service.leave();
    app.quit();
  });
  service.connected().catch(() => undefined); // the page's first call says why
}

/** The built page's files. Without them there is nothing to show, so that says so and ends. */
function builtPage(): ReadonlyMap<string, AppFile> {
  try {
    return listAppFiles(join(app.getAppPath(), 'dist/renderer'));
  } catch (error) {
    dialog.showErrorBox('EDM2 Studio', 'The page is missing. Run `npm run setup`, or install EDM2 Studio again.');
    app.exit(1);
    throw error;
  }
}

/** `--library FOLDER` or `--library=FOLDER` of our own command line, for the service. */
function libraryArgument(argv: readonly string[]): string[] {
  const name = '--library';
  const at = argv.findIndex((argument) => argument === name || argument.startsWith(`${name}=`));
  const given = argv[at] === name ? argv[at + 1] : argv[at]?.slice(name.length + 1);
  return given === undefined ? [] : [name, resolve(given)];
}
