import { microBatches } from '../edm2/training/gradients.ts';
import { perImageOf, perImageRows, type PerImage } from '../edm2/tensors/types.ts';
import { seedFor } from '../edm2/tensors/random.ts';
import { stepNumbers } from '../edm2/training/schedule.ts';
import type { Seed } from '../../contract/seed.ts';
import type { TrainingConfig } from '../../contract/training.ts';
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
  readonly magnitudes: StepMagnitudes | null;
}

/** Root mean squares of a step, dimensionless. */
export interface StepMagnitudes {
  /** In the order of `weightNames(plan)`. */
  readonly weights: Float32Array;
  /** In the order of `blockNames(plan)`. */
  readonly activations: Float32Array;
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
  /** Whether to return magnitudes. */
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
  const wanted = ['perImage', ...(measure ? ['weights', 'activations'] : [])];
  const numbers = numbersOf(await session.run('train', { ...batch, ...scalarsOf(step) }, seedOf(step), wanted));
  return {
    perImage: rowsOf(numbers('perImage')),
    magnitudes: measure ? { weights: numbers('weights'), activations: numbers('activations') } : null,
  };
}

async function stepInParts(session: GraphSession, step: StepToTake, goesOn: GoesOn = () => true): Promise<Step | null> {
  const { training, batch, measure } = step;
  const size = training.microBatch!;
  const devices = Array.from({ length: session.towers }, (_, device) => device);
  const count = microBatches(training) / devices.length;
  const rows = perImageOf(() => new Float32Array(training.batchSize));
  const meanSquares: Float32Array[] = [];
  let weights: Float32Array | null = null;
  const start = performance.now();
  for (let done = 0; done < count; done += 1) {
    if (done > 0 && !goesOn(stepProgress(done, count, start))) return null;
    const parts = devices.map((device): PartOfRun => {
      const first = (device * count + done) * size;
      const inputs = { ...partOf(batch, first, size), again: numberOf(first === 0 ? 0 : 1) };
      const outputs = ['perImage', ...(measure ? ['meanSquares'] : [])];
      if (count > 1) return { inputs, outputs, first };
      const atTheEnd = measure && device === 0 ? ['weights'] : [];
      return { inputs: { ...inputs, ...scalarsOf(step) }, outputs: [...outputs, ...atTheEnd], first };
    });
    const results = await session.runTogether(count > 1 ? 'accumulate' : 'train', seedOf(step), parts);
    results.forEach((result, device) => {
      const numbers = numbersOf(result);
      const part = rowsOf(numbers('perImage'));
      for (const name of perImageRows) rows[name].set(part[name], parts[device]!.first);
      if (measure) meanSquares.push(numbers('meanSquares'));
    });
    if (count === 1 && measure) weights = numbersOf(results[0]!)('weights');
  }
  if (count > 1) {
    const parts = devices.map((device) => {
      return { inputs: scalarsOf(step), outputs: measure && device === 0 ? ['weights'] : [], first: 0 };
    });
    const [result] = await session.runTogether('apply', seedOf(step), parts);
    if (measure) weights = numbersOf(result!)('weights');
  }
  return { perImage: rows, magnitudes: weights && { weights, activations: rootsOfMeans(meanSquares) } };
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

function rootsOfMeans(parts: readonly Float32Array[]): Float32Array {
  return parts[0]!.map((_, at) => Math.sqrt(parts.reduce((sum, part) => sum + part[at]!, 0) / parts.length));
}
