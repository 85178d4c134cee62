import { planNetwork } from '../../../contract/architecture.ts';
import { estimateMemory } from '../../../contract/memory.ts';
import { compiledOn, shareOn } from '../../../contract/devices.ts';
import { compilations, type Compilation } from '../../../contract/compilation.ts';
import { imagesAtOnce, possibleMicroBatches } from '../../../contract/micro-batch.ts';
import type { Precision, PrecisionSupport } from '../../../contract/precision.ts';
import { fastestFirst, type TuningChoice, type TuningResult, type TuningSubject } from '../../../contract/tuning.ts';

/** Among what a way to train is chosen. */
export interface Space {
  /** How the run would train as it is, which is measured first. */
  readonly asked: TuningChoice;
  /** What the device does well. */
  readonly precisions: readonly Precision[];
  /** The largest first, each at most half of the one before; those that are estimated to fit, and at least one. */
  readonly microBatches: readonly number[];
  /** The usual number first; null alone: a GPU computes. */
  readonly threads: readonly (number | null)[];
  /** The usual one first; on a processor it is that alone. */
  readonly compilations: readonly Compilation[];
  /** The same of deterministic kernels. */
  readonly deterministic: readonly boolean[];
}

/** Smaller micro-batches that are measured beside the largest that works. */
const SMALLER = 2;

/**
 * @param capacity bytes of the device's memory; null: unknown
 * @param threads  of the processor that jobs use; null: a GPU computes
 * @param usual    as jobs do it
 */
export function spaceOf(
  { config, shape, devices = [] }: TuningSubject,
  supports: readonly PrecisionSupport[],
  capacity: number | null,
  threads: number | null,
  usual: Pick<TuningChoice, 'compile' | 'deterministic'> = { compile: 'none', deterministic: false },
): Space {
  const { deterministic } = usual;
  const { training, parts } = shareOn(config.training, devices);
  const compile = compiledOn(devices, usual.compile);
  const plan = planNetwork(config.network, shape);
  const fits = (microBatch: number): boolean =>
    capacity === null || estimateMemory(plan, { ...training, microBatch }, parts).total <= capacity;
  const all = halving(possibleMicroBatches(training.batchSize));
  const fitting = all.filter(fits);
  return {
    asked: { precision: training.precision, microBatch: imagesAtOnce(training), threads, compile, deterministic },
    precisions: supports.filter(({ status }) => status === 'good').map(({ precision }) => precision),
    microBatches: fitting.length > 0 ? fitting : all.slice(-1),
    threads: threads === null || threads === 1 ? [threads] : [threads, Math.floor(threads / 2)],
    compilations:
      threads === null && devices.length < 2 ? [compile, ...compilations.filter((one) => one !== compile)] : [compile],
    deterministic: threads === null ? [deterministic, !deterministic] : [deterministic],
  };
}

/** Of descending numbers those that are at most half of the one before. */
function halving(numbers: readonly number[]): number[] {
  const kept: number[] = [];
  for (const number of numbers) if (kept.length === 0 || number <= kept.at(-1)! / 2) kept.push(number);
  return kept;
}

/**
 * The way to train that is to be measured next; null: none is left that promises anything. First the one that was asked
 * for; then each precision, with the largest micro-batch that works; then smaller micro-batches, which may keep the
 * caches warm, fewer threads, what is compiled and deterministic kernels, with what was fastest so far.
 */
export function nextChoice(space: Space, results: readonly TuningResult[]): TuningChoice | null {
  const known = (choice: TuningChoice): TuningResult | undefined =>
    results.find((result) => JSON.stringify(result.choice) === JSON.stringify(choice));
  const { asked, precisions, microBatches, threads, compilations, deterministic } = space;
  const usual = { threads: threads[0]!, compile: compilations[0]!, deterministic: deterministic[0]! };
  if (known(asked) === undefined) return asked;
  for (const precision of precisions) {
    const next = firstThatWorks(
      microBatches.map((microBatch) => ({ precision, microBatch, ...usual })),
      known,
    );
    if (next !== null) return next;
  }
  const [best] = fastestFirst(results);
  if (best === undefined) return null;
  const largest = microBatches.findIndex(
    (microBatch) => known({ precision: best.choice.precision, microBatch, ...usual })?.measured != null,
  );
  const smaller = microBatches.slice(largest + 1, largest + 1 + SMALLER);
  const others: TuningChoice[] = [
    ...(largest === -1 ? [] : smaller.map((microBatch) => ({ ...best.choice, microBatch, ...usual }))),
    ...threads.map((count) => ({ ...best.choice, threads: count })),
    ...compilations.map((compile) => ({ ...best.choice, compile })),
    ...deterministic.map((same) => ({ ...best.choice, deterministic: same })),
  ];
  return others.find((choice) => known(choice) === undefined) ?? null;
}

/** Goes from one to the next until one works. @returns null: one did, or none does */
function firstThatWorks(
  choices: readonly TuningChoice[],
  known: (choice: TuningChoice) => TuningResult | undefined,
): TuningChoice | null {
  for (const choice of choices) {
    const result = known(choice);
    if (result === undefined) return choice;
    if (result.measured !== null) return null;
  }
  return null;
}
