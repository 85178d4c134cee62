import { domainToASCII } from 'node:url';
import type { Command } from 'commander';
import { HostName, openBrowserDoor, type BrowserDoor } from '../../../contract/app.ts';
import { AppError } from '../../../contract/errors.ts';
import { serviceEnds } from '../../../contract/events.ts';
import type { ServiceClient } from '../../client/service-client.ts';
import { Restarts, serviceDied, serviceDiedAgain, serviceStartedAgain } from '../../../contract/restarts.ts';
import { collect } from '../arguments.ts';
import { withService, type CommandContext } from '../command.ts';
import { deferred } from '../deferred.ts';
import { onInterrupt } from '../interrupt.ts';
import type { Output } from '../output.ts';

/** Where a service writes what happens to it. */
const LOG = 'logs/service.log in the library';

interface ServeOptions {
  readonly port?: string;
  readonly host: string;
  readonly allowHost: readonly string[];
  readonly newSessions?: boolean;
}

/** `edm2 serve`: lets a browser in, on this machine unless told otherwise, until Ctrl+C. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('serve the app to a browser and print the address')
    .option('--port <n>', 'TCP port; 0: any that is free; default: the one of last time, if it is free')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--allow-host <name>', 'a name that leads here in your network; may be repeated', collect, [])
    .option('--new-sessions', 'forget the browsers that were let in before')
    .action(async (options: ServeOptions, command: Command) => {
      await withService(command, () => readDoor(options), serve);
    });
}

/** @throws {AppError} 'invalid-input' */
function readDoor({ host, port, allowHost, newSessions }: ServeOptions): BrowserDoor {
  return {
    host,
    port: port === undefined ? null : readPort(port),
    names: allowHost.map(hostNamed),
    newSessions: newSessions === true,
  };
}

function readPort(port: string): number {
  if (/^\d+$/u.test(port) && Number(port) <= 65_535) return Number(port);
  throw new AppError('invalid-input', `--port takes a number from 0 to 65535, not "${port}".`);
}

/** Browsers say names of other alphabets as the network has them. */
function hostNamed(text: string): string {
  const name = HostName.safeParse(domainToASCII(text.trim()));
  if (name.success) return name.data;
  throw new AppError(
    'invalid-input',
    `--allow-host takes a name such as gpu-box.example, without a port, not "${text}".`,
  );
}

/** Whether a connection ended with a service that ended in order, or with one that died. */
function watchEnd(client: ServiceClient): Promise<'ended' | 'died'> {
  let inOrder = false;
  client.on(serviceEnds, () => (inOrder = true));
  return client.closed.then(() => (inOrder ? 'ended' : 'died'));
}

/**
 * Serves until Ctrl+C or the service's own end. A service that dies is started again at the same port, as often as
 * `Restarts` allows.
 *
 * @returns exit code
 */
export async function serve(
  { client, output, reconnect }: CommandContext,
  door: BrowserDoor,
): Promise<number | undefined> {
  const interrupted = deferred<'interrupted'>();
  const stopListening = onInterrupt(
    () => interrupted.resolve('interrupted'),
    () => process.exit(0),
  );
  const restarts = new Restarts();
  let living = client;
  try {
    for (let wanted = door, isFirst = true; ; isFirst = false) {
      const since = performance.now();
      const ending = watchEnd(living);
      const port = await open(living, output, wanted);
      wanted = { ...door, port, newSessions: false };
      if (isFirst)
        output.say('The address works once, then the browser remembers. Ctrl+C ends; a run in progress goes on.');
      const how = await Promise.race([interrupted.promise, ending]);
      if (how !== 'died') {
        sayEnd(output, how);
        return undefined;
      }
      if (!restarts.allow(performance.now() - since)) throw new AppError('unavailable', serviceDiedAgain(LOG));
      output.say(serviceDied(LOG));
      output.event('restarting');
      living = await reconnect();
      output.say(serviceStartedAgain);
    }
  } finally {
    stopListening();
    if (living !== client) living.close();
  }
}

/** Opens the door, which closes with the connection. @returns its port */
async function open(client: ServiceClient, output: Output, door: BrowserDoor): Promise<number> {
  const { url, warning, takenPort } = await client.call(openBrowserDoor, { ...door, whileConnected: true });
  if (warning !== null) process.stderr.write(`${warning}\n`);
  if (takenPort !== null)
    process.stderr.write(
      `Another program has port ${takenPort}, where EDM2 Studio was last time; browsers that were let in there need this new address.\n`,
    );
  output.event('serving', { url });
  output.say(`EDM2 Studio is at ${url}`);
  return Number(new URL(url).port);
}

function sayEnd(output: Output, how: 'interrupted' | 'ended'): void {
  if (how === 'ended') output.say('The service was ended; what trained is paused. Start `edm2 serve` again to go on.');
}
