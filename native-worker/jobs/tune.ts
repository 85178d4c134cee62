import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cardsOf } from '../../contract/devices.ts';
import type { Progress } from '../../contract/jobs.ts';
import type { PrecisionSupport } from '../../contract/precision.ts';
import { RuntimeName } from '../../contract/runtime.ts';
import { choiceInWords, fastestFirst, type TuningChoice, type TuningResult } from '../../contract/tuning.ts';
import { speed } from '../../contract/units.ts';
import { compilationNow } from '../engine/compilation.ts';
import { HIDDEN, jobEnvironment, type JobEnvironmentOptions } from '../engine/runtime/environment.ts';
import {
  gpuMemoryOf,
  namedGpus,
  readGpus,
  usedGpu,
  visibleOf,
  type GpuReport,
  type UsedGpu,
} from '../engine/runtime/gpu.ts';
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
  const runtime = RuntimeName.parse(process.env.EDM2_RUNTIME); // `jobEnvironment` says both
  const onCpu = process.env.CUDA_VISIBLE_DEVICES === HIDDEN;
  const { devices = [] } = subject;
  const report = onCpu ? null : await readGpus();
  const cards = report === null ? [] : usedCards(report, devices);
  const known = cards.length === 0 ? null : { visible: visibleOf(cards) };
  const gpu = onCpu ? { visible: HIDDEN } : known;
  const supports = supportedByAll(
    (cards.length === 0 ? [null] : cards).map((card) =>
      precisionSupport({ runtime, gpu: card, cpuFlags: readCpuFlags() }),
    ),
  );
  const usual = { compile: compilationNow(), deterministic: process.env.TF_DETERMINISTIC_OPS === '1' };
  const threads = onCpu ? Number(process.env.TF_NUM_INTRAOP_THREADS) : null;
  const space = spaceOf(subject, supports, roomOf(runtime, cards), threads, usual);
  const id = await patiently(() => insertTuning(library.db, measuredOn(runtime, ...cards), subject));
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
      deviceBytes: (pid) => (onCpu ? Promise.resolve(null) : gpuMemoryOf(pid)),
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

/** The cards that compute: those that are named, or the one that this process was given. */
function usedCards(report: GpuReport, devices: readonly string[]): UsedGpu[] {
  const named = cardsOf(devices);
  return named.length > 0 ? namedGpus(report, named) : [usedGpu(report, null)].flatMap((card) => card ?? []);
}

/** Bytes that training has to fit into: of several cards on the one with the least room. */
function roomOf(runtime: RuntimeName, cards: readonly UsedGpu[]): number {
  const memories = (cards.length === 0 ? [null] : cards).map((card) => trainingMemory(runtime, card));
  return Math.min(...memories.map(({ freeBytes, bytes }) => freeBytes ?? bytes));
}

/** What every device makes of each precision: what the weakest does. */
function supportedByAll([first, ...others]: readonly PrecisionSupport[][]): PrecisionSupport[] {
  return first!.map((support) => {
    const alike = others.flatMap((one) => one.filter(({ precision }) => precision === support.precision));
    return alike.find(({ status }) => status !== 'good') ?? support;
  });
}

/** How far it is in its time, and what is fastest so far. */
function progressOf(choice: TuningChoice, results: readonly TuningResult[], done: number, total: number): Progress {
  const [best] = fastestFirst(results);
  const soFar = best === undefined ? '' : `; fastest so far ${speed(best.measured.imagesPerSecond)}`;
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
