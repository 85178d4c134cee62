import { AppError } from '../../contract/errors.ts';
import { onEscaped } from '../../contract/escaped.ts';
import type { Failure } from '../../contract/job-failures.ts';

/**
 * The life of a process that works for a command of the command line and answers on its standard output. However it
 * fails, by an error that is thrown or by one that nobody caught, the command hears of it.
 *
 * @param work    does everything
 * @param fail    tells the command why it did not
 */
export async function answerAndLeave(
  work: () => Promise<void>,
  fail: (error: unknown) => Promise<void>,
): Promise<never> {
  const end = async (error: unknown): Promise<never> => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    await fail(error);
    process.exit(1);
  };
  onEscaped(
    process,
    (error) => void end(error),
    () => process.exit(1),
  );
  try {
    await work();
  } catch (error) {
    await end(error);
  }
  // TensorFlow's threads would keep the process alive.
  process.exit(0);
}

/** Answers with one line of JSON. */
export function answerLine(message: object): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${JSON.stringify(message)}\n`, () => resolve());
  });
}

/** What the command is told of an error. @param what failed, as the subject of a sentence */
export function failureOf(error: unknown, what: string): Failure {
  if (error instanceof AppError) return { code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message: `${what} failed unexpectedly. ${message}` };
}
