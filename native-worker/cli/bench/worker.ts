import type { BenchSubject, SubjectAcross } from '../../../contract/bench.ts';
import type { RuntimeName } from '../../../contract/runtime.ts';
import { chosenDevice, chosenDevices } from '../../engine/runtime/choice.ts';
import { HIDDEN, jobEnvironment } from '../../engine/runtime/environment.ts';
import { visibleOf, type UsedGpu } from '../../engine/runtime/gpu.ts';
import { checkPrecision, precisionSupport, readCpuFlags } from '../../engine/runtime/precision-support.ts';
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
export async function startWorker(subject: SubjectAcross, threads: number | null): Promise<BenchWorker> {
  const { precision } = subject.config.training;
  const { runtime, cards, gpu } = await usedBy(subject);
  await needRuntime(runtime);
  const cpuFlags = readCpuFlags();
  for (const card of cards.length === 0 ? [null] : cards) {
    checkPrecision(precision, precisionSupport({ runtime, gpu: card, cpuFlags }));
  }
  return await startBenchWorker(benchScript(), subject, jobEnvironment({ runtime, gpu, threads, precision }));
}

/** What computes: the cards, as far as they are known, and what a process is to see of them. */
interface Used {
  readonly runtime: RuntimeName;
  readonly cards: readonly UsedGpu[];
  readonly gpu: Pick<UsedGpu, 'visible'> | null;
}

async function usedBy({ devices }: BenchSubject): Promise<Used> {
  if (devices === undefined) {
    const { runtime, gpu } = await chosenDevice();
    return { runtime, cards: gpu === null ? [] : [gpu], gpu };
  }
  const { runtime, cards } = await chosenDevices(devices);
  return { runtime, cards, gpu: { visible: cards.length === 0 ? HIDDEN : visibleOf(cards) } };
}
