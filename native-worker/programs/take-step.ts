import { microBatches } from '../edm2/training/gradients.ts';
import { perImageOf, perImageRows, type PerImage } from '../edm2/tensors/types.ts';
import { seedFor } from '../edm2/tensors/random.ts';
import { stepNumbers } from '../edm2/training/schedule.ts';
import type { Seed } from '../../contract/seed.ts';
import type { TrainingConfig } from '../../contract/training.ts';
import { meanOfParts, type StepMeasures } from './step-dynamics.ts';
import { measuring } from './training-step.ts';
import type { GraphSession, PartOfRun } from '../engine/session/graph-session.ts';
import { numberOf, sizeOf, type HostTensor } from '../engine/session/host-tensor.ts';
import { scalarInputs } from './scalar-inputs.ts';

/** Numbers of a batch, as `trainingStep` is fed with them. The first dimension of each is the pictures. */
export type HostBatch = Readonly<Record<string, HostTensor>>;

/** What an optimiser step tells. */
export interface Step {
  /** What it tells of each picture, [N] each. */
  readonly perImage: PerImage<Float32Array>;
  /** Only if asked for. */
  readonly measured: StepMeasures | null;
}

/** How far a step has come. */
export interface StepProgress {
  /** Micro-batches that are done, and how many there are. */
  readonly done: number;
  readonly of: number;
  /** Since the step began, and that the rest will take if it goes on as it went so far. */
  readonly seconds: number;
  readonly secondsLeft: number;
}

/** @param start when the step began, by `performance.now()` */
export function stepProgress(done: number, of: number, start: number): StepProgress {
  const seconds = (performance.now() - start) / 1000;
  return { done, of, seconds, secondsLeft: (seconds / done) * (of - done) };
}

/** Asked between micro-batches; false drops the step. */
export type GoesOn = (progress: StepProgress) => boolean;

/** A step that is to be taken. */
export interface StepToTake {
  /** The run's, with the micro-batch that the program was recorded for: what one device takes at once. */
  readonly training: TrainingConfig;
  /** Training images seen before. */
  readonly nimg: number;
  readonly batch: HostBatch;
  /** Whether to measure the step. */
  readonly measure: boolean;
}

/**
 * Takes a training step in a session whose program has the entries of `trainingStep`.
 *
 * @returns null if it was dropped. Nothing but the sums has changed then, and no other step can be taken
 */
export async function takeStep(session: GraphSession, step: StepToTake, goesOn?: GoesOn): Promise<Step | null> {
  return microBatches(step.training) === 1 ? await wholeStep(session, step) : await stepInParts(session, step, goesOn);
}

async function wholeStep(session: GraphSession, step: StepToTake): Promise<Step> {
  const { batch, measure } = step;
  const entry = entryOf(session, 'train', measure);
  const wanted = outputsOf(session, entry, measure ? ['perImage', 'forward', ...UPDATE] : ['perImage']);
  const results = await session.run(entry, { ...batch, ...scalarsOf(step) }, seedOf(step), wanted);
  const numbers = numbersOf(results);
  return {
    perImage: rowsOf(numbers('perImage')),
    measured: measure ? { forward: numbers('forward'), ...updateOf(results) } : null,
  };
}

async function stepInParts(session: GraphSession, step: StepToTake, goesOn: GoesOn = () => true): Promise<Step | null> {
  const { training, batch, measure } = step;
  const size = training.microBatch!;
  const devices = Array.from({ length: session.towers }, (_, device) => device);
  const count = microBatches(training) / devices.length;
  const rows = perImageOf(() => new Float32Array(training.batchSize));
  const forward: Float32Array[] = [];
  const whole = count === 1;
  const entry = entryOf(session, whole ? 'train' : 'accumulate', measure);
  /** What the first device tells of the step of the optimiser. */
  const ofUpdate = (from: string, device: number): string[] =>
    measure && device === 0 ? outputsOf(session, from, UPDATE) : [];
  let update: UpdateNumbers | null = null;
  const start = performance.now();
  for (let done = 0; done < count; done += 1) {
    if (done > 0 && !goesOn(stepProgress(done, count, start))) return null;
    const parts = devices.map((device): PartOfRun => {
      const first = (device * count + done) * size;
      const inputs = { ...partOf(batch, first, size), again: numberOf(first === 0 ? 0 : 1) };
      const outputs = ['perImage', ...(measure ? ['forward'] : [])];
      if (!whole) return { inputs, outputs, first };
      return { inputs: { ...inputs, ...scalarsOf(step) }, outputs: [...outputs, ...ofUpdate(entry, device)], first };
    });
    const results = await session.runTogether(entry, seedOf(step), parts);
    results.forEach((result, device) => {
      const numbers = numbersOf(result);
      const part = rowsOf(numbers('perImage'));
      for (const name of perImageRows) rows[name].set(part[name], parts[device]!.first);
      if (measure) forward.push(numbers('forward'));
    });
    if (whole && measure) update = updateOf(results[0]!);
  }
  if (!whole) {
    const parts = devices.map((device) => {
      return { inputs: scalarsOf(step), outputs: ofUpdate('apply', device), first: 0 };
    });
    const [result] = await session.runTogether('apply', seedOf(step), parts);
    if (measure) update = updateOf(result!);
  }
  return { perImage: rows, measured: update && { forward: meanOfParts(forward), ...update } };
}

/** Outputs that say what was measured of the optimiser's step. */
const UPDATE = ['layers', 'units', 'gains'];

type UpdateNumbers = Omit<StepMeasures, 'forward'>;

/** A network without gains has no such output. */
function updateOf(results: Readonly<Record<string, HostTensor>>): UpdateNumbers {
  const numbers = numbersOf(results);
  const gains = results.gains === undefined ? new Float32Array() : numbers('gains');
  return { layers: numbers('layers'), units: numbers('units'), gains };
}

/** The entry that computes what is wanted and, where it has a choice, nothing more. */
function entryOf(session: GraphSession, entry: string, measure: boolean): string {
  return measure && session.outputsOf(measuring(entry)) !== null ? measuring(entry) : entry;
}

/** Those of some outputs that an entry has. */
function outputsOf(session: GraphSession, entry: string, names: readonly string[]): string[] {
  const known = session.outputsOf(entry) ?? [];
  return names.filter((name) => known.includes(name));
}

function scalarsOf({ training, nimg }: StepToTake): Record<string, HostTensor> {
  return scalarInputs(stepNumbers(training, nimg));
}

function seedOf({ training, nimg }: StepToTake): (purpose: string) => Seed {
  return (purpose) => seedFor(training.seed, purpose, nimg);
}

function numbersOf(outputs: Readonly<Record<string, HostTensor>>): (name: string) => Float32Array {
  return (name) => outputs[name]!.values as Float32Array;
}

/** The rows of `perImage`; the numbers are the same memory. */
export function rowsOf(numbers: Float32Array): PerImage<Float32Array> {
  const count = numbers.length / perImageRows.length;
  return perImageOf((_name, row) => numbers.subarray(row * count, (row + 1) * count));
}

/** Some pictures of a batch; the numbers are the same memory. */
function partOf(batch: HostBatch, first: number, count: number): HostBatch {
  const part = ({ dtype, shape, values }: HostTensor): HostTensor => {
    const row = sizeOf(shape.slice(1));
    return { dtype, shape: [count, ...shape.slice(1)], values: values.subarray(first * row, (first + count) * row) };
  };
  return Object.fromEntries(Object.entries(batch).map(([name, host]) => [name, part(host)]));
}
