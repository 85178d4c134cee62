import type { Command } from 'commander';
import { openBrowserDoor } from '../../../contract/app.ts';
import { AppError } from '../../../contract/errors.ts';
import { withService, type CommandContext } from '../command.ts';
import { deferred } from '../deferred.ts';
import { onInterrupt } from '../interrupt.ts';

interface ServeOptions {
  readonly port: string;
  readonly host: string;
}

/** `edm2 serve`: lets a browser in, on this machine unless told otherwise, until Ctrl+C. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('serve the app to a browser and print the address')
    .option('--port <n>', 'TCP port; 0: any that is free', '0')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .action(async (options: ServeOptions, command: Command) => {
      await withService(
        command,
        () => readPort(options),
        (context, port) => serve(context, options.host, port),
      );
    });
}

function readPort({ port }: ServeOptions): number {
  if (/^\d+$/u.test(port) && Number(port) <= 65_535) return Number(port);
  throw new AppError('invalid-input', `--port takes a number from 0 to 65535, not "${port}".`);
}

async function serve({ client, output }: CommandContext, host: string, port: number): Promise<undefined> {
  const { url, warning } = await client.call(openBrowserDoor, { host, port, whileConnected: true });
  if (warning !== null) process.stderr.write(`${warning}\n`);
  output.event('serving', { url });
  output.say(`EDM2 Studio is at ${url}`);
  output.say('The address works once, then the browser remembers. Ctrl+C ends; a run in progress goes on.');
  const ended = deferred<undefined>();
  const stopListening = onInterrupt(
    () => ended.resolve(undefined),
    () => process.exit(0),
  );
  await Promise.race([ended.promise, client.closed]);
  stopListening();
  return undefined; // with our connection the door closes
}
