import type { Command } from 'commander';
import { AppError } from '../../contract/errors.ts';
import { reasonOf, systemFailure } from '../../contract/system-errors.ts';
import type { ServiceClient } from '../client/service-client.ts';
import { connectToService } from '../service/connect.ts';
import { Output } from './output.ts';
import { libraryPath } from './paths.ts';

/** Exit codes of `edm2`. 0: done. 2: what was asked for can't be meant. 130: ended by Ctrl+C. 1: everything else. */
export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;
export const EXIT_INTERRUPTED = 130;

/** What every command gets. */
export interface CommandContext {
  readonly client: ServiceClient;
  readonly output: Output;
  /** Connects again after the service died; what it trained goes on. */
  readonly reconnect: () => Promise<ServiceClient>;
}

interface GlobalOptions {
  readonly library?: string;
  readonly json?: boolean;
  readonly newIndex?: boolean;
}

/**
 * Runs a command with a connection to the library's service, and turns what it throws into one sentence and an exit
 * code.
 *
 * @param read checks what was asked for, before a service is started or a library made
 * @param run  does it; may return an exit code of its own
 * @param without what to do where there is no service, and its exit code; default: say why
 */
export async function withService<Asked>(
  command: Command,
  read: () => Asked,
  run: (context: CommandContext, asked: Asked) => Promise<number | undefined>,
  without?: (output: Output, why: AppError) => Promise<number>,
): Promise<void> {
  const globals = command.optsWithGlobals<GlobalOptions>();
  const output = new Output(globals.json === true);
  let client: ServiceClient | null = null;
  try {
    const asked = read();
    const connect = async (how: { newIndex?: boolean; goOn?: boolean }): Promise<ServiceClient> =>
      connectToService(libraryPath(globals.library), how);
    client = await connect({ newIndex: globals.newIndex === true }).catch(async (error: unknown) => {
      if (without === undefined || !(error instanceof AppError) || error.code === 'invalid-input') throw error;
      process.exitCode = await without(output, error);
      return null;
    });
    if (client === null) return;
    const reconnect = (): Promise<ServiceClient> => connect({ goOn: true });
    process.exitCode = (await run({ client, output, reconnect }, asked)) ?? 0;
  } catch (error) {
    process.exitCode = report(output, error);
  } finally {
    client?.close();
  }
}

/** Runs a command that needs no library and no service. */
export async function withoutService(command: Command, run: (output: Output) => Promise<void> | void): Promise<void> {
  const output = new Output(command.optsWithGlobals<GlobalOptions>().json === true);
  try {
    await run(output);
    process.exitCode = 0;
  } catch (error) {
    process.exitCode = report(output, error);
  }
}

/** What to say of an error that nobody foresaw: why, and where only to who wants to know. */
export function unforeseen(error: unknown): AppError {
  const expected = systemFailure(error);
  if (expected !== null) return expected;
  const where = process.env.EDM2_DEBUG === '1' && error instanceof Error ? `\n${error.stack ?? ''}` : '';
  const hint = where === '' ? ' This is a bug; EDM2_DEBUG=1 shows where.' : '';
  return new AppError('internal', `edm2 failed unexpectedly: ${reasonOf(error)}.${hint}${where}`);
}

function report(output: Output, error: unknown): number {
  if (error instanceof AppError) {
    output.error(error);
    return error.code === 'invalid-input' ? EXIT_USAGE : error.code === 'cancelled' ? EXIT_INTERRUPTED : EXIT_FAILURE;
  }
  output.error(unforeseen(error));
  return EXIT_FAILURE;
}
