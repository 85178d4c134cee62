import { BenchAnswer, type BenchSubject, type BenchTask } from '../../../contract/bench.ts';
import { AppError } from '../../../contract/errors.ts';
import { chosenRuntime } from '../../engine/runtime/choice.ts';
import { jobEnvironment } from '../../engine/runtime/environment.ts';
import { checkPrecision, readPrecisionSupport } from '../../engine/runtime/precision-support.ts';
import { needRuntime } from '../../engine/runtime/status.ts';
import { benchScript } from '../../service/program-files.ts';
import { LineProcess } from './line-process.ts';
import type { Contender } from './rounds.ts';

/** The process of ours that does what is measured; it runs the code of jobs (`jobs/bench/main.ts`). */
export interface BenchWorker extends Contender<BenchTask> {
  /** In words. */
  readonly device: string;
  readonly tensorflow: string;
  /** Resident memory of the process at its highest so far, bytes. */
  readonly peakBytes: number;
  close(): Promise<void>;
}

/**
 * Starts one and waits until TensorFlow is loaded.
 *
 * @param threads of TensorFlow's kernels; null: one per physical core
 * @throws {AppError} 'runtime' if TensorFlow is missing or does not start, 'invalid-input' for a precision that the device
 *   does not have
 */
export async function startWorker(subject: BenchSubject, threads: number | null): Promise<BenchWorker> {
  const { runtime } = await chosenRuntime();
  await needRuntime(runtime);
  checkPrecision(subject.config.training.precision, await readPrecisionSupport(runtime));
  const child = new LineProcess(process.execPath, [benchScript()], jobEnvironment({ runtime, threads }));
  child.write(JSON.stringify(subject));
  const ready = await answerOf(child, 'ready');
  let peakBytes = 0;
  return {
    pid: child.pid!,
    device: ready.device,
    tensorflow: ready.tensorflow,
    get peakBytes() {
      return peakBytes;
    },
    run: async (task) => {
      child.write(task);
      const done = await answerOf(child, 'done');
      peakBytes = done.peakBytes;
      return done.seconds;
    },
    close: () => child.close(),
  };
}

async function answerOf<Type extends BenchAnswer['type']>(
  child: LineProcess,
  type: Type,
): Promise<Extract<BenchAnswer, { type: Type }>> {
  let line: string;
  try {
    line = await child.read();
  } catch (cause) {
    throw new AppError('runtime', `The process that measures ended unexpectedly. ${child.errors}`, { cause });
  }
  const answer = BenchAnswer.parse(JSON.parse(line));
  if (answer.type === 'failed') throw new AppError(answer.code, answer.message);
  if (answer.type !== type) throw new Error(`a bench process answered ${answer.type} instead of ${type}`);
  return answer as Extract<BenchAnswer, { type: Type }>;
}
