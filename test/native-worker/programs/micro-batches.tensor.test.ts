import { expect, test } from 'vitest';
import { planNetwork } from '../../../contract/architecture.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import { partOf, randomSource, seedFor } from '../../../native-worker/edm2/tensors/random.ts';
import { initialSource, readState } from '../../../native-worker/edm2/training/state.ts';
import { recordProgram, type Entry } from '../../../native-worker/engine/recording/program.ts';
import { GraphSession } from '../../../native-worker/engine/session/graph-session.ts';
import { randomKernels } from '../../../native-worker/engine/random.ts';
import { EagerTrainer } from '../../../native-worker/jobs/training/eager-trainer.ts';
import { GraphTrainer } from '../../../native-worker/jobs/training/graph-trainer.ts';
import type { Trainer } from '../../../native-worker/jobs/training/trainer.ts';
import { plannedLayout, stateSpecs } from '../../../native-worker/programs/flat-state.ts';
import { stepDynamics } from '../../../native-worker/programs/step-dynamics.ts';
import { trainingStep } from '../../../native-worker/programs/training-step.ts';
import { pictureBatch } from '../../support/picture-batch.ts';
import { stateOf } from '../../support/state-of.ts';
import { tinyConfig } from '../../support/training-library.ts';

const random = randomSource(randomKernels, 5, 64);
const seed = (purpose: string): readonly [number, number] => seedFor(5, purpose, 64);

/** What a part of a batch of twelve draws in a graph. */
async function drawn(shape: readonly number[], kind: 'normal' | 'uniform', first: number): Promise<number[]> {
  const entry: Entry = { inputs: {}, partOf: 12, run: (given) => ({ outputs: { x: given.random[kind](shape, 'x') } }) };
  const session = new GraphSession(recordProgram({ state: {}, entries: { draw: entry } }));
  const { x } = await session.run('draw', {}, seed, ['x'], first);
  session.close();
  return Array.from(x!.values);
}

test.each<[readonly number[], number, string]>([
  [[4, 3, 3, 1], 8, 'fours that begin where the part begins'],
  [[2, 2, 2, 3], 10, 'rows of 12 numbers'],
  [[3, 3, 3, 1], 9, 'parts that are no fours'],
  [[1, 5], 7, 'a single row'],
  [[4], 4, 'a number a picture'],
  [[3, 1, 1, 1], 3, 'three numbers'],
])('a part of a batch draws what the whole batch draws there: %j from row %i (%s)', async (shape, first) => {
  for (const kind of ['normal', 'uniform'] as const) {
    const part = partOf(random, first, 12)[kind]([...shape], 'x');
    expect(await drawn(shape, kind, first), kind).toEqual(Array.from(part.dataSync()));
    const whole = Array.from(random[kind]([12, ...shape.slice(1)], 'x').dataSync());
    const row = part.size / shape[0]!;
    expect(Array.from(part.dataSync())).toEqual(whole.slice(first * row, (first + shape[0]!) * row));
  }
});

const { network, training: tiny } = tinyConfig({ batchSize: 8, horizontalFlips: true, rampUpImages: 0 });
const shape = { resolution: 8, channels: 3, labelDim: 2 };
const batchAt = (nimg: number): ReturnType<typeof pictureBatch> => pictureBatch([8, 8, 8, 3], 2, nimg);

async function open(
  engine: 'graph' | 'eager',
  microBatch: number | null,
  change: Partial<TrainingConfig> = {},
  dropout = 0,
): Promise<Trainer> {
  const plan = planNetwork({ ...network, dropout }, shape);
  const training = { ...tiny, ...change, microBatch };
  const start = initialSource(plan, randomSource(randomKernels, 1, 0));
  const asked = { plan, training, grid: { average: 0, count: 4 } };
  return engine === 'graph'
    ? await GraphTrainer.open(asked, start)
    : new EagerTrainer(asked, readState(plan, training.sigmaRels.length, start));
}

/** Losses and state after some steps. */
async function after(
  trainer: Trainer,
  steps: number,
): Promise<{ losses: number[]; state: Record<string, readonly number[]> }> {
  const losses: number[] = [];
  for (let k = 0; k < steps; k += 1) losses.push(...(await trainer.step(8 * k, batchAt(8 * k), true))!.perImage.loss);
  const state = await stateOf(trainer, planNetwork(network, shape), tiny.sigmaRels.length);
  trainer.dispose();
  return { losses, state };
}

/** Largest difference of two states, relative to the root mean square of each tensor. */
function difference(a: Record<string, readonly number[]>, b: Record<string, readonly number[]>): number {
  const rms = (x: readonly number[]): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);
  return Math.max(
    ...Object.entries(a).map(([name, values]) => {
      const off = rms(values.map((value, at) => value - b[name]![at]!));
      return off === 0 ? 0 : off / rms(values);
    }),
  );
}

test.each([1, 2, 4])('micro-batches of %i give the losses and the state of the whole batch', async (microBatch) => {
  const whole = await after(await open('graph', null), 2);
  const cut = await after(await open('graph', microBatch), 2);
  cut.losses.forEach((loss, index) => expect(loss).toBeCloseTo(whole.losses[index]!, 4));
  expect(difference(cut.state, whole.state)).toBeLessThan(2e-3);
});

test('micro-batches give the same in both engines', async () => {
  const graph = await after(await open('graph', 2), 2);
  const eager = await after(await open('eager', 2), 2);
  graph.losses.forEach((loss, index) => expect(loss).toBeCloseTo(eager.losses[index]!, 4));
  expect(difference(graph.state, eager.state)).toBeLessThan(2e-3);
});

test('what dropout drops does not depend on how the batch is cut', async () => {
  for (const engine of ['graph', 'eager'] as const) {
    const whole = await after(await open(engine, null, {}, 0.3), 1);
    const cut = await after(await open(engine, 2, {}, 0.3), 1);
    cut.losses.forEach((loss, index) => expect(loss, engine).toBeCloseTo(whole.losses[index]!, 4));
  }
});

test('what is measured is that of the whole batch', async () => {
  const [whole, cut] = [await open('graph', null), await open('graph', 2)];
  // After a step: until then what weights lack is large, and gains of 0 keep them from moving.
  for (const trainer of [whole, cut]) await trainer.step(0, batchAt(0), false);
  const [a, b] = [await whole.step(8, batchAt(8), true), await cut.step(8, batchAt(8), true)];
  const plan = planNetwork(network, shape);
  const [ofWhole, ofParts] = [stepDynamics(plan, a!.measured!), stepDynamics(plan, b!.measured!)];
  expect(ofParts.map(({ kind }) => kind)).toEqual(ofWhole.map(({ kind }) => kind));
  for (const [index, { kind, numbers }] of ofParts.entries()) {
    if (kind === 'radial') continue; // rounding itself, where gradients are tangent
    const scale = Math.max(...ofWhole[index]!.numbers, 1e-6);
    numbers.forEach((value, at) => expect(value / scale, kind).toBeCloseTo(ofWhole[index]!.numbers[at]! / scale, 2));
  }
  whole.dispose();
  cut.dispose();
});

test.each(['graph', 'eager'] as const)(
  'a step that is dropped after any of its micro-batches leaves the state to the last bit (%s)',
  async (engine) => {
    for (const dropAfter of [1, 2, 3]) {
      const trainer = await open(engine, 2);
      await trainer.step(0, batchAt(0), false);
      const before = await stateOf(trainer, planNetwork(network, shape), tiny.sigmaRels.length);
      const heard: number[] = [];
      const step = await trainer.step(8, batchAt(8), true, ({ done, of }) => {
        expect(of).toBe(4);
        heard.push(done);
        return done < dropAfter;
      });
      expect(step).toBeNull();
      expect(heard).toEqual([1, 2, 3].slice(0, dropAfter));
      expect(await stateOf(trainer, planNetwork(network, shape), tiny.sigmaRels.length)).toEqual(before);
      trainer.dispose();
    }
  },
);

test('a gradient that is not finite in one micro-batch counts as 0, and the next step begins with clean sums', async () => {
  const trainer = await open('graph', 2, { lossScaling: 65_536 });
  const images = batchAt(0);
  const bad = Float32Array.from(images.labels!.values);
  bad[3] = NaN;
  await trainer.step(0, { images: images.images, labels: { ...images.labels!, values: bad } }, false);
  const after = await trainer.step(8, batchAt(8), false);
  expect(after!.perImage.loss.every((loss) => Number.isFinite(loss))).toBe(true);
  const state = await stateOf(trainer, planNetwork(network, shape), tiny.sigmaRels.length);
  expect(Object.values(state).every((values) => values.every((value) => Number.isFinite(value)))).toBe(true);
  trainer.dispose();
});

test('the graph is the same size however many micro-batches there are', () => {
  const plan = planNetwork(network, shape);
  const nodes = (batchSize: number): number => {
    const training = { ...tiny, batchSize, microBatch: 2 };
    const averages = training.sigmaRels.length;
    const step = trainingStep(plan, training, plannedLayout(plan, averages));
    return recordProgram({ state: { ...stateSpecs(plan, averages), ...step.sums }, entries: step.entries }).nodes;
  };
  expect(Math.abs(nodes(64) - nodes(4))).toBeLessThan(5); // equal constants are one node
});
