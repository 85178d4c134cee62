import type { NetworkPlan } from '../../contract/architecture.ts';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import type { JobOutcome } from '../../contract/job-messages.ts';
import type { JobParameters } from '../../contract/jobs.ts';
import { imagesAtOnce, memoryAdvice } from '../../contract/memory-advice.ts';
import type { TrainingConfig } from '../../contract/training.ts';

/** TensorFlow's status RESOURCE_EXHAUSTED is 8; its allocators say OOM in the message. */
const OUT_OF_MEMORY = /\bTF_Status: 8\b|\bOOM\b|RESOURCE_?EXHAUSTED|ResourceExhausted|failed to allocate memory/iu;

/** Whether TensorFlow gave up for lack of memory. On the CPU the system may end the process instead; the service tells then. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && OUT_OF_MEMORY.test(error.message);
}

/**
 * The error for a training job: accumulation over smaller micro-batches gives the same gradients in less memory.
 *
 * @param capacity bytes of the device's memory; null: unknown
 */
export function trainingOutOfMemory(
  plan: NetworkPlan,
  training: TrainingConfig,
  capacity: number | null,
  cause: unknown,
): AppError {
  const images = imagesAtOnce(training);
  const at = images === 1 ? 'one image' : `${images} images`;
  const advice = memoryAdvice(plan, training, capacity, images);
  return new AppError('out-of-memory', `The device ran out of memory with ${at} at once. ${advice}`, { cause });
}

function generatingOutOfMemory(pictures: number): string {
  if (pictures === 1) return 'The device ran out of memory. Close what else uses it.';
  return `The device ran out of memory with ${pictures} pictures at once. Batch size ${Math.floor(pictures / 2)} gives the same pictures in less memory.`;
}

/**
 * How a job that threw ended: expected failures keep their code and sentence, known failures of TensorFlow and of the
 * disk get theirs, everything else is a bug ('internal') whose details the caller writes to the log.
 *
 * @param parameters what the job was to do; null if that could not be read
 */
export function failure(error: unknown, parameters: JobParameters | null): JobOutcome {
  if (error instanceof AppError) return { kind: 'failed', code: error.code, message: error.message };
  if (hasSystemCode(error, 'ENOSPC') || hasSystemCode(error, 'SQLITE_FULL') || hasSystemCode(error, 'EDQUOT')) {
    return {
      kind: 'failed',
      code: 'no-space',
      message: 'The disk of the library is full. Free some space and resume.',
    };
  }
  if (isOutOfMemory(error)) {
    const message =
      parameters?.kind === 'sample'
        ? generatingOutOfMemory(parameters.request.batchSize)
        : 'The device ran out of memory. Close what else uses it, or use a smaller network.';
    return { kind: 'failed', code: 'out-of-memory', message };
  }
  return { kind: 'failed', code: 'internal', message: 'The job failed unexpectedly; details are in the log.' };
}
