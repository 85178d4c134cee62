import * as z from 'zod';
import { Measured } from './common.ts';

/** What a recorded number is measured in; '': it has no unit. `time`: milliseconds since 1970. */
export type ScalarUnit = '' | 'images' | 'seconds' | 'time' | 'img/s' | 'bytes';

/** A number that every tick records. */
export interface TickScalar {
  /** Of the table `ticks`. */
  readonly column: string;
  readonly unit: ScalarUnit;
  /** As charts, their exports and tables call it. */
  readonly title: string;
  /** What it is, as the end of a sentence. */
  readonly words: string;
  /** `Measured`: null where it was not finite, or where the version that trained did not record it. */
  readonly schema: z.ZodNumber | z.ZodInt | typeof Measured;
  /** It says where in training a tick is, and charts count it along x. */
  readonly place?: true;
  /** Its extremes are kept where a curve is thinned. */
  readonly jumps?: true;
}

/**
 * Every number that a tick records, named once, in the order in which it is written and shown. Schemas, columns, queries,
 * charts, exports and the command line derive from it; a new one needs a row here, a column in a step of the schema, and
 * whoever measures it (`TickMeter`).
 */
export const tickScalars = {
  nimg: {
    column: 'nimg',
    unit: 'images',
    title: 'Training images',
    words: 'training images seen',
    schema: z.int(),
    place: true,
  },
  at: {
    column: 'at',
    unit: 'time',
    title: 'Written at',
    words: 'when it was written, in milliseconds since 1970',
    schema: z.int(),
    place: true,
  },
  trainSeconds: {
    column: 'train_seconds',
    unit: 'seconds',
    title: 'Training time',
    words: 'seconds of training since the run began, pauses left out',
    schema: z.number(),
    place: true,
  },
  loss: {
    column: 'loss',
    unit: '',
    title: 'Loss',
    words: "mean over the tick's images of the mean loss per element, as it is optimised",
    schema: Measured,
    jumps: true,
  },
  lossStderr: {
    column: 'loss_stderr',
    unit: '',
    title: 'Standard error of the loss',
    words: 'standard error of that mean',
    schema: Measured,
  },
  weightedError: {
    column: 'weighted_error',
    unit: '',
    title: 'Weighted error',
    words: "mean over the tick's images of λ(σ)·(D − y)² per element: the loss without the learned weight",
    schema: Measured,
    jumps: true,
  },
  learningRate: {
    column: 'learning_rate',
    unit: '',
    title: 'Learning rate',
    words: "learning rate of the tick's last step",
    schema: z.number(),
  },
  imagesPerSecond: {
    column: 'images_per_second',
    unit: 'img/s',
    title: 'Images per second',
    words: 'training images a second of its steps',
    schema: Measured,
    jumps: true,
  },
  memoryBytes: {
    column: 'memory_bytes',
    unit: 'bytes',
    title: 'Memory',
    words: 'resident memory of the job process',
    schema: z.number(),
  },
} as const satisfies Readonly<Record<string, TickScalar>>;

type Scalars = typeof tickScalars;
export type TickScalarName = keyof Scalars;

const names = Object.keys(tickScalars) as TickScalarName[];

/** Something of each scalar, by its name. */
export function ofEachScalar<T>(of: (scalar: TickScalar, name: TickScalarName) => T): Record<TickScalarName, T> {
  return Object.fromEntries(names.map((name) => [name, of(tickScalars[name], name)])) as never;
}

/** Those that are measured, and may be drawn along y. */
export const measuredScalars: readonly TickScalarName[] = names.filter((name) => !('place' in tickScalars[name]));

/** Columns of the tick table, one entry a tick, sorted by nimg. */
export const TickColumns = z.strictObject(
  ofEachScalar(({ schema }) => z.array(schema)) as unknown as {
    [Name in TickScalarName]: z.ZodArray<Scalars[Name]['schema']>;
  },
);
export type TickColumns = z.infer<typeof TickColumns>;

/** One tick: an entry of each column. */
export type Tick = { readonly [Name in TickScalarName]: TickColumns[Name][number] };

/** Columns made anew one by one, each from its name. */
export function mapTickColumns(column: (name: TickScalarName) => readonly (number | null)[]): TickColumns {
  return ofEachScalar((_scalar, name) => column(name)) as unknown as TickColumns;
}

export function tickColumns(ticks: readonly Tick[]): TickColumns {
  return mapTickColumns((name) => ticks.map((tick) => tick[name]));
}

/** The newest of some ticks; null: there are none. */
export function lastTick(ticks: TickColumns): Tick | null {
  const last = ticks.nimg.length - 1;
  return last < 0 ? null : ofEachScalar((_scalar, name) => ticks[name][last]!);
}
