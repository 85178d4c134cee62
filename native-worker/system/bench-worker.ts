import { BenchAnswer, type SubjectAcross, type BenchTask } from '../../contract/bench.ts';
import { AppError } from '../../contract/errors.ts';
import { LineProcess } from './line-process.ts';

/** The process of ours that does what is measured; it runs the code of jobs (`jobs/bench/main.ts`). */
export interface BenchWorker {
  readonly pid: number;
  /** In words. */
  readonly device: string;
  readonly tensorflow: string;
  /** Resident memory of the process at its highest so far, bytes. */
  readonly peakBytes: number;
  /**
   * Does a task once.
   *
   * @returns seconds that it took, without the way there and back
   * @throws {AppError} what the process says ('out-of-memory', …); 'runtime' if it dies
   */
  run(task: BenchTask): Promise<number>;
  close(): Promise<void>;
  /** Ends it at once, whatever it does. */
  kill(): void;
}

/**
 * Starts one and waits until TensorFlow is loaded.
 *
 * @param script      `jobs/bench/main`
 * @param environment of a job (`jobEnvironment`)
 * @throws {AppError} 'runtime' if TensorFlow does not start
 */
export async function startBenchWorker(
  script: string,
  subject: SubjectAcross,
  environment: Readonly<Record<string, string>>,
): Promise<BenchWorker> {
  const child = new LineProcess(process.execPath, [script], environment);
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
    kill: () => child.kill(),
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
