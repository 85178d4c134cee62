/** Errors that nobody caught: a bug, or something of the system that nobody foresaw. */

/** What is needed of Node's `process`; the contract is compiled without its types. */
interface Escapes {
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown;
}

/**
 * Ends a process in order when an error escapes from it: nobody knows what is still right in it.
 *
 * @param end    told once, with the first such error; ends the process with an exit code that is not 0
 * @param atOnce told if another one escapes while it ends
 */
export function onEscaped(process: Escapes, end: (error: unknown) => void, atOnce: () => void): void {
  let ending = false;
  const escaped = (error: unknown): void => {
    if (ending) return atOnce();
    ending = true;
    end(error);
  };
  process.on('uncaughtException', escaped);
  process.on('unhandledRejection', escaped);
}
