import { createInterface } from 'node:readline';

/**
 * The lines of the standard input, on which a command asks its worker. When the input ends the command has ended,
 * however that was (its death closes the pipe), and nobody wants what is still computed: the process leaves at once.
 */
export function requestLines(): AsyncIterator<string, undefined> {
  const lines = createInterface({ input: process.stdin });
  lines.on('close', () => process.exit());
  return lines[Symbol.asyncIterator]() as AsyncIterator<string, undefined>;
}
