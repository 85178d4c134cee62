import type { NetworkPlan } from '../../contract/architecture.ts';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import {
  deviceOutOfMemory,
  diskFull,
  jobBug,
  limitReached,
  saidDiskFull,
  saysOutOfMemory,
  type Failure,
} from '../../contract/job-failures.ts';
import type { JobOutcome } from '../../contract/job-messages.ts';
import type { JobParameters } from '../../contract/jobs.ts';
import type { TrainingConfig } from '../../contract/training.ts';
import { refusal } from '../system/refusal.ts';

/** Whether memory ran out. On the CPU the system may end the process instead; the service tells then. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && (hasSystemCode(error, 'ENOMEM') || saysOutOfMemory(error.message));
}

/**
 * The error for a training job: accumulation over smaller micro-batches gives the same gradients in less memory.
 *
 * @param share    what one device has of a batch (`shareOn`)
 * @param capacity bytes of the device's memory; null: unknown
 */
export function trainingOutOfMemory(
  plan: NetworkPlan,
  share: { readonly training: TrainingConfig; readonly parts: number },
  capacity: number | null,
  cause: unknown,
): AppError {
  const { code, message } = deviceOutOfMemory({ kind: 'train', plan, ...share, capacity });
  return new AppError(code, message, { cause });
}

/**
 * How a job that threw ended: expected failures keep their code and sentence, known failures of TensorFlow and of the
 * system get theirs, everything else is a bug ('internal') whose details the caller writes to the log.
 *
 * @param parameters what the job was to do; null if that could not be read
 */
export function failure(error: unknown, parameters: JobParameters | null): JobOutcome {
  return { kind: 'failed', ...failureOf(error, parameters) };
}

function failureOf(error: unknown, parameters: JobParameters | null): Failure {
  if (error instanceof AppError) return { code: error.code, message: error.message };
  if (isOutOfMemory(error)) {
    return deviceOutOfMemory(
      parameters?.kind === 'sample' ? { kind: 'sample', pictures: parameters.request.batchSize } : { kind: 'other' },
    );
  }
  const refused = refusal(error);
  if (refused?.code === 'no-space') return diskFull(pathOf(error));
  if (refused?.code === 'limit') return limitReached();
  const full = error instanceof Error ? saidDiskFull(error.message) : null;
  if (full !== null) return full;
  return refused === null ? jobBug : { code: refused.code, message: refused.message };
}

/** The file that an error of the system is about; null: it doesn't say. */
function pathOf(error: unknown): string | null {
  return error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : null;
}
