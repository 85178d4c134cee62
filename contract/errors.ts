/**
 * Every expected failure has one of these codes. Screens translate codes, tests match codes, the message names the
 * thing, the value and what to do next.
 */
export const errorCodes = [
  'invalid-input', // a call, config or argument that does not fit its schema
  'not-found', // an id that does not exist
  'conflict', // the thing exists, but not in a state that allows this
  'forbidden', // a sender, host or path that may not ask
  'shape', // tensors that do not fit each other
  'dataset', // pictures that can't become a dataset
  'corrupt-file', // a file that is truncated, damaged or hostile
  'index-lost', // a library whose index is missing, empty or damaged beside its files
  'newer-library', // a library written by a newer EDM2 Studio
  'library-in-use', // another process owns the library and does not answer
  'runtime', // TensorFlow is missing, damaged or does not start
  'no-python',
  'no-compiler',
  'no-space', // the disk is full
  'port-in-use',
  'out-of-memory',
  'limit', // the system gives no more threads, files or address space
  'not-finite', // the loss became NaN or infinite
  'cancelled',
  'interrupted', // a job was ended from outside: killed, or its computer was switched off
  'unavailable', // the service can't be reached
  'internal', // a bug: details are in the log
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** A failure that was foreseen. Anything else that is thrown is a bug. */
export class AppError extends Error {
  readonly code: ErrorCode;

  /**
   * @param code    one of `errorCodes`
   * @param message one sentence for the user: what happened, to what, what to do
   * @param options `cause`: the error underneath, for the log
   */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'AppError';
    this.code = code;
  }
}

/** Whether an error from Node carries this system code (ENOSPC, EADDRINUSE, …). */
export function hasSystemCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
