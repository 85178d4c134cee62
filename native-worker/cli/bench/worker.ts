import type { BenchSubject } from '../../../contract/bench.ts';
import { chosenDevice } from '../../engine/runtime/choice.ts';
import { jobEnvironment } from '../../engine/runtime/environment.ts';
import { checkPrecision, readPrecisionSupport } from '../../engine/runtime/precision-support.ts';
import { needRuntime } from '../../engine/runtime/status.ts';
import { benchScript } from '../../service/program-files.ts';
import { startBenchWorker, type BenchWorker } from '../../system/bench-worker.ts';

/**
 * Starts a process that measures, on the device that commands compute on.
 *
 * @param threads of TensorFlow's kernels; null: one per physical core
 * @throws {AppError} 'runtime' if TensorFlow is missing or does not start, 'invalid-input' for a precision that the device
 *   does not have, or a card that isn't there
 */
export async function startWorker(subject: BenchSubject, threads: number | null): Promise<BenchWorker> {
  const { runtime, gpu } = await chosenDevice(subject.devices);
  await needRuntime(runtime);
  const { precision } = subject.config.training;
  checkPrecision(precision, await readPrecisionSupport(runtime));
  return await startBenchWorker(benchScript(), subject, jobEnvironment({ runtime, gpu, threads, precision }));
}
