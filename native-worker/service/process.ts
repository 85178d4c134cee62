/** The service in a process of its own: its arguments, its one line of output, signals, and how it ends. */
import { flushCompileCache } from 'node:module';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { BrowserDoor, openBrowserDoor } from '../../contract/app.ts';
import { AppError } from '../../contract/errors.ts';
import { onEscaped } from '../../contract/escaped.ts';
import { reasonOf } from '../../contract/system-errors.ts';
import { libraryFolder } from '../engine/runtime/places.ts';
import { refusal } from '../system/refusal.ts';
import { awaitLiving } from './connect.ts';
import { startService, type RunningService } from './service.ts';
import { exposureWarning } from './web.ts';

/** What was compiled at the start is written for the next one when nobody waits for this one any more. */
const KEEP_COMPILED_AFTER_MS = 4000;

/** A client that reconnects after a hiccup should find it alive. */
const IDLE_MS = 10_000;

const Port = z.coerce.number().int().min(0).max(65_535);

interface Request {
  library: string;
  newIndex: boolean;
  exitWhenIdle: boolean;
  goOn: boolean;
  web: BrowserDoor | null;
}

/** @throws {AppError} 'invalid-input' */
function readArguments(): Request {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        library: { type: 'string' },
        'new-index': { type: 'boolean', default: false },
        'exit-when-idle': { type: 'boolean', default: false },
        'go-on': { type: 'boolean', default: false },
        serve: { type: 'boolean', default: false },
        port: { type: 'string' },
        host: { type: 'string', default: '127.0.0.1' },
      },
    }));
  } catch (error) {
    throw new AppError('invalid-input', error instanceof Error ? error.message : String(error), { cause: error });
  }
  const port = Port.optional().safeParse(values.port);
  if (!port.success)
    throw new AppError('invalid-input', `"${values.port ?? ''}" is no port; it is a number from 0 to 65535.`);
  if (values.library === '') {
    throw new AppError('invalid-input', '--library takes a folder, not an empty text. Leave it out for the usual one.');
  }
  return {
    library: values.library ?? libraryFolder(),
    newIndex: values['new-index'],
    exitWhenIdle: values['exit-when-idle'],
    goOn: values['go-on'],
    web: values.serve ? BrowserDoor.parse({ host: values.host, port: port.data ?? null }) : null,
  };
}

/** Known once it is ready. */
let running: RunningService | null = null;

async function main(): Promise<void> {
  const request = readArguments();
  const { library, newIndex, exitWhenIdle, goOn } = request;
  const service = await startService({ library, newIndex, goOn, idleMs: exitWhenIdle ? IDLE_MS : null });
  if (service === null) return joinLiving(request);
  endOnSignals(service);
  running = service;
  let url: string | null = null;
  if (request.web !== null) {
    const warning = exposureWarning(request.web.host);
    if (warning !== null) process.stderr.write(`${warning}\n`);
    try {
      url = await service.openWeb(request.web);
    } catch (error) {
      await service.stop();
      throw error;
    }
  }
  print({ ready: true, socket: service.socket, pid: process.pid, url });
  setTimeout(flushCompileCache, KEEP_COMPILED_AFTER_MS).unref();
  await service.ended;
}

/** Another process serves the library: its line is ours. */
async function joinLiving({ library, web }: Request): Promise<void> {
  const { client, address } = await awaitLiving(library);
  const url = web === null ? null : (await client.call(openBrowserDoor, web)).url;
  client.close();
  print({ ready: true, already: true, socket: address.socket, pid: address.pid, url });
}

function endOnSignals(service: RunningService): void {
  let asked = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(1); // who asks twice does not want to wait
      asked = true;
      void service.stop();
    });
  }
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

// Who started us may have gone, and its end of the pipe with it.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

/**
 * What nobody caught ends the service as a kill would, for nobody knows what is still right in it: jobs hear that it is
 * gone, write their checkpoints and pause, and whoever starts it again settles them. The lock is the system's to take.
 */
onEscaped(
  process,
  (error) => {
    running?.tellEscape(error);
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.stderr.write(`EDM2 Studio's service ended because of an error that nobody caught: ${reasonOf(error)}\n`);
    process.exit(1);
  },
  () => process.exit(1),
);

try {
  await main();
  process.exit(0);
} catch (error) {
  const expected = refusal(error);
  const message = expected?.message ?? `The service could not be started: ${reasonOf(error)}`;
  print({ ready: false, code: expected?.code ?? 'internal', message });
  if (expected === null && error instanceof Error) process.stderr.write(`${error.stack ?? error.message}\n`);
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
