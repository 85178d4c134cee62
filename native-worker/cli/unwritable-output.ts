import { writeSync } from 'node:fs';
import { hasSystemCode } from '../../contract/errors.ts';
import { EXIT_FAILURE } from './command.ts';

const STDERR = 2;

/** From now on a standard stream that takes nothing ends the command with a sentence, whatever the command is. */
export function endWhenOutputFails(): void {
  process.stdout.on('error', (error: Error) => {
    // Whoever reads has had enough, as `edm2 runs | head` does: that is no failure.
    if (hasSystemCode(error, 'EPIPE')) process.exit(0);
    say(`What edm2 prints can't be written where the standard output leads: ${reason(error)}. Send it elsewhere.\n`);
    process.exit(EXIT_FAILURE);
  });
  process.stderr.on('error', () => process.exit(EXIT_FAILURE)); // nothing is left to say it on
}

/** On the error output itself, past the stream, because the process ends now. */
function say(text: string): void {
  try {
    writeSync(STDERR, text);
  } catch {
    // The error output takes nothing either; the exit code says it.
  }
}

function reason(error: Error): string {
  if (hasSystemCode(error, 'ENOSPC') || hasSystemCode(error, 'EDQUOT')) return 'no space is left there';
  return 'code' in error ? String(error.code) : error.message;
}
