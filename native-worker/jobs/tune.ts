import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Progress } from '../../contract/jobs.ts';
import { choiceInWords, fastestFirst, type TuningChoice, type TuningResult } from '../../contract/tuning.ts';
import { compilationNow } from '../engine/compilation.ts';
import { jobEnvironment, type JobEnvironmentOptions } from '../engine/runtime/environment.ts';
import { gpuMemoryOf, readGpus, usedGpu } from '../engine/runtime/gpu.ts';
import { measuredOn } from '../engine/runtime/measured-on.ts';
import { trainingMemory } from '../engine/runtime/memory.ts';
import { precisionSupport, readCpuFlags } from '../engine/runtime/precision-support.ts';
import { insertTuning, setTuningResults } from '../store/tunings.ts';
import { patiently } from '../store/patience.ts';
import { startBenchWorker } from '../system/bench-worker.ts';
import type { RunJob } from './context.ts';
import { nextChoice, spaceOf } from './tune/choices.ts';
import { measureChoice } from './tune/measure-choice.ts';

/**
 * Tries out ways to train on the device that this process was given, each in a process of its own, and keeps what was
 * measured as it comes. This process loads no TensorFlow. Ended early it keeps what it has.
 */
export const runTune: RunJob<'tune'> = async ({ library, send, requested }, { subject, seconds }) => {
  const onCpu = process.env.CUDA_VISIBLE_DEVICES === '-1'; // `jobEnvironment` of the runtime for processors says so
  const runtime = onCpu ? 'cpu' : 'cuda12';
  const gpu = onCpu ? null : usedGpu(await readGpus(), null);
  const memory = trainingMemory(runtime, gpu);
  const supports = precisionSupport({ runtime, gpu, cpuFlags: readCpuFlags() });
  const usual = { compile: compilationNow(), deterministic: process.env.TF_DETERMINISTIC_OPS === '1' };
  const threads = gpu === null ? Number(process.env.TF_NUM_INTRAOP_THREADS) : null;
  const space = spaceOf(subject, supports, memory.freeBytes ?? memory.bytes, threads, usual);
  const id = await patiently(() => insertTuning(library.db, measuredOn(runtime, gpu), subject));
  const began = performance.now();
  const deadline = began + 1000 * seconds;
  const results: TuningResult[] = [];
  const tell = (choice: TuningChoice): void => {
    const done = Math.min(seconds, Math.round((performance.now() - began) / 1000));
    send({ type: 'progress', progress: progressOf(choice, results, done, seconds) });
  };
  for (;;) {
    const choice = nextChoice(space, results);
    if (choice === null || performance.now() > deadline || requested() !== null) {
      await patiently(() => setTuningResults(library.db, id, results, choice === null));
      break;
    }
    tell(choice);
    const ticking = setInterval(() => tell(choice), 1000);
    const result = await measureChoice(subject, choice, {
      start: (one, way) =>
        startBenchWorker(benchScript(), one, jobEnvironment({ runtime, gpu, ...environmentOf(way) })),
      deviceBytes: (pid) => (gpu === null ? Promise.resolve(null) : gpuMemoryOf(pid)),
      ends: () => requested() !== null,
      deadline,
    }).finally(() => clearInterval(ticking));
    if (result === null) continue; // it was asked to end
    results.push(result);
    await patiently(() => setTuningResults(library.db, id, results, false));
    send({ type: 'tuned', tuningId: id });
  }
  send({ type: 'tuned', tuningId: id });
  return requested() !== null ? { kind: 'cancelled' } : { kind: 'tuned' };
};

/** How far it is in its time, and what is fastest so far. */
function progressOf(choice: TuningChoice, results: readonly TuningResult[], done: number, total: number): Progress {
  const [best] = fastestFirst(results);
  const soFar = best === undefined ? '' : `; fastest so far ${best.measured.imagesPerSecond.toPrecision(3)} images/s`;
  return { done, total, unit: 'seconds at most', text: `Measuring ${choiceInWords(choice)}${soFar}` };
}

function environmentOf({
  precision,
  threads,
  compile,
  deterministic,
}: TuningChoice): Omit<JobEnvironmentOptions, 'runtime'> {
  return { precision, threads, compile, deterministic };
}

function benchScript(): string {
  return fileURLToPath(new URL(`./bench/main${extname(import.meta.url)}`, import.meta.url));
}
