/** TensorFlow's status codes by number; they are those of gRPC. */
const codes = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

export type TensorFlowCode = Exclude<(typeof codes)[number], 'OK'>;

/** What TensorFlow, or the wall in front of it, refused. */
export class TensorFlowError extends Error {
  override readonly name = 'TensorFlowError';
  readonly code: TensorFlowCode;

  constructor(code: TensorFlowCode, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/** @param code as TF_GetCode gives it, not OK */
export function tensorflowError(code: number, message: string): TensorFlowError {
  return new TensorFlowError((codes[code] ?? 'UNKNOWN') as TensorFlowCode, message);
}
