import * as z from 'zod';
import { BenchSubject } from './bench.ts';
import { defineCall, defineEvent } from './call.ts';
import { Id, Timestamp } from './common.ts';
import { Compilation, compilationWords } from './compilation.ts';
import { imagesAtOnce } from './micro-batch.ts';
import { DataShape, NetworkConfig } from './network.ts';
import { Precision } from './precision.ts';
import type { TrainingConfig } from './training.ts';

/** What is tried out: a run, but for how its steps are computed. */
export const TuningSubject = BenchSubject;
export type TuningSubject = BenchSubject;

/** How a step may be computed, which changes how fast it is and what memory it takes. */
export const TuningChoice = z.strictObject({
  precision: Precision,
  /** Pictures that go through the network of a device at once; all that it has of a batch is one micro-batch. */
  microBatch: z.int().positive(),
  /** Threads of the processor; null on a GPU. */
  threads: z.int().positive().nullable(),
  /** What is compiled, on a GPU. */
  compile: Compilation.default('none'),
  /** Whether kernels on a GPU give the same numbers each time. */
  deterministic: z.boolean().default(false),
});
export type TuningChoice = z.infer<typeof TuningChoice>;

/** What came of a choice: figures, or why there are none. */
export const TuningResult = z.strictObject({
  choice: TuningChoice,
  /** null: no step was done; `problem` says why. */
  measured: z
    .strictObject({
      imagesPerSecond: z.number().positive(),
      /** From the start of the process to the end of its first step. */
      firstStepSeconds: z.number().positive(),
      /** Memory at the peak, bytes: of the process; on the card by what nvidia-smi says of it, null: it doesn't. */
      hostBytes: z.number().nonnegative(),
      deviceBytes: z.number().nonnegative().nullable(),
    })
    .nullable(),
  /** One sentence; null: it was measured. */
  problem: z.string().nullable(),
});
export type TuningResult = z.infer<typeof TuningResult>;

/** One session of trying out. */
export const Tuning = z.strictObject({
  id: Id,
  /** In words, with what of it decides the speed: "AMD EPYC, 2 cores, AVX2", "NVIDIA H200". */
  device: z.string(),
  /** Of a card; null: a processor. */
  driver: z.string().nullable(),
  /** TensorFlow's version. */
  tensorflow: z.string(),
  subject: TuningSubject,
  /** In the order in which they were measured. */
  results: z.array(TuningResult),
  /** Whether there was time for every choice. */
  complete: z.boolean(),
  createdAt: Timestamp,
});
export type Tuning = z.infer<typeof Tuning>;

/** A result with figures. */
export type Measured = TuningResult & { readonly measured: NonNullable<TuningResult['measured']> };

/** "bf16, micro-batch 8, 2 threads". */
export function choiceInWords({ precision, microBatch, threads, compile, deterministic }: TuningChoice): string {
  const computed = threads === null ? '' : `, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  const compiled = compile === 'none' ? '' : `, ${compilationWords[compile]}`;
  const same = deterministic ? ', deterministic' : '';
  return `${precision}, micro-batch ${microBatch}${computed}${compiled}${same}`;
}

/** The results with figures, the fastest first. */
export function fastestFirst(results: readonly TuningResult[]): Measured[] {
  const known = results.filter((result): result is Measured => result.measured !== null);
  return known.sort((a, b) => b.measured.imagesPerSecond - a.measured.imagesPerSecond);
}

/** How the device computes whatever trains, by the settings; threads null: a GPU computes, or whatever they were. */
export type UsualWay = Pick<TuningChoice, 'threads' | 'compile' | 'deterministic'>;

/** What was measured of a way to train; undefined: it was not. */
export function resultOf(
  { results }: Pick<Tuning, 'results'>,
  training: Pick<TrainingConfig, 'precision' | 'batchSize' | 'microBatch'>,
  { threads, compile, deterministic }: UsualWay,
): Measured | undefined {
  return fastestFirst(results).find(
    ({ choice }) =>
      choice.precision === training.precision &&
      choice.microBatch === imagesAtOnce(training) &&
      (threads === null || choice.threads === threads) &&
      choice.compile === compile &&
      choice.deterministic === deterministic,
  );
}

/**
 * What of a subject decides how fast its steps are, as text: two subjects with the same can use each other's figures.
 * Precision and micro-batch are what is chosen, the rest of training is numbers that are fed.
 */
export function tuningKey({ config: { network, training }, shape, devices = [] }: TuningSubject): string {
  const { batchSize, sigmaRels, horizontalFlips } = training;
  // Parsed, so that fields are in one order wherever the subject comes from.
  const fields = [NetworkConfig.parse(network), DataShape.parse(shape), batchSize, sigmaRels.length, horizontalFlips];
  return JSON.stringify(devices.length === 0 ? fields : [...fields, devices]);
}

/** Seconds that trying out may take, unless another time is asked for. */
export const TUNING_SECONDS = 300;

/**
 * Tries out how to train on the device that jobs use: a job takes real steps in each sensible way, one process each, as
 * long as the time lasts. Refused while a run trains or something else is measured ('conflict').
 */
export const startTuning = defineCall(
  'tuning.start',
  z.strictObject({ subject: TuningSubject, seconds: z.int().min(10).max(7200).default(TUNING_SECONDS) }),
  z.strictObject({ jobId: Id }),
);
/** The newest session for the device that jobs use, its driver, this TensorFlow and such a subject; null: there is none. */
export const findTuning = defineCall('tuning.find', z.strictObject({ subject: TuningSubject }), Tuning.nullable());
/** A session has more results. */
export const tuningChanged = defineEvent('tuning.changed', Tuning);
