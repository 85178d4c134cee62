import { fromBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { planNetwork, type NetworkPlan } from '../../../contract/architecture.ts';
import type { NetworkConfig } from '../../../contract/network.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import { randomSource } from '../../../native-worker/edm2/tensors/random.ts';
import { initialSource } from '../../../native-worker/edm2/training/state.ts';
import { GraphDefSchema } from '../../../native-worker/engine/proto/tensorflow_pb.js';
import { randomKernels } from '../../../native-worker/engine/random.ts';
import { bucketsOf } from '../../../native-worker/engine/recording/collectives.ts';
import {
  float32,
  recordProgram,
  type Entry,
  type GraphProgram,
} from '../../../native-worker/engine/recording/program.ts';
import { onDevices } from '../../../native-worker/engine/recording/towers.ts';
import { GraphSession } from '../../../native-worker/engine/session/graph-session.ts';
import { zerosOf } from '../../../native-worker/engine/session/host-tensor.ts';
import { deviceNames, executionOn } from '../../../native-worker/engine/sides.ts';
import { tf } from '../../../native-worker/engine/tensorflow.ts';
import { GraphTrainer } from '../../../native-worker/jobs/training/graph-trainer.ts';
import type { Trainer } from '../../../native-worker/jobs/training/trainer.ts';
import { stepDynamics, type Dynamics } from '../../../native-worker/programs/step-dynamics.ts';
import { pictureBatch } from '../../support/picture-batch.ts';
import { stateOf } from '../../support/state-of.ts';
import { tinyConfig } from '../../support/training-library.ts';

/** Devices that share a batch; here parts of the processor. */

const { network, training: tiny } = tinyConfig({ batchSize: 8, horizontalFlips: true, rampUpImages: 0 });
const shape = { resolution: 8, channels: 3, labelDim: 2 };

interface Way {
  readonly devices?: number;
  readonly training?: Partial<TrainingConfig>;
  readonly network?: Partial<NetworkConfig>;
}

function planOf({ network: change = {} }: Way): NetworkPlan {
  return planNetwork({ ...network, ...change }, shape);
}

function open(way: Way): Promise<Trainer> {
  const plan = planOf(way);
  const training = { ...tiny, ...way.training };
  const start = initialSource(plan, randomSource(randomKernels, 1, 0));
  return GraphTrainer.open({ plan, training, grid: { average: 0, count: 4 }, devices: way.devices ?? 1 }, start);
}

interface After {
  readonly losses: readonly number[];
  readonly measured: readonly Dynamics[];
  readonly state: Record<string, readonly number[]>;
}

/** Losses and state after some steps, and what the last one measured. */
async function after(way: Way, steps = 2): Promise<After> {
  const trainer = await open(way);
  const losses: number[] = [];
  let measured: readonly Dynamics[] = [];
  for (let k = 0; k < steps; k += 1) {
    const step = (await trainer.step(8 * k, pictureBatch([8, 8, 8, 3], 2, 8 * k), true))!;
    losses.push(...step.perImage.loss);
    measured = stepDynamics(planOf(way), step.measured!);
  }
  const state = await stateOf(trainer, planOf(way), tiny.sigmaRels.length);
  trainer.dispose();
  return { losses, state, measured };
}

/** Largest difference of two tensors, relative to the root mean square of the second. */
function off(a: readonly number[], b: readonly number[]): number {
  const rms = (x: readonly number[]): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);
  const difference = rms(a.map((value, at) => value - b[at]!));
  return difference === 0 ? 0 : difference / rms(b);
}

function farthest(a: After, b: After): number {
  expect(Object.keys(a.state)).toEqual(Object.keys(b.state));
  const states = Object.entries(a.state).map(([name, values]) => off(values, b.state[name]!));
  const kinds = a.measured.map(({ kind, numbers }, index) => {
    expect(b.measured[index]!.kind).toBe(kind);
    const others = [...b.measured[index]!.numbers];
    // Gradients are tangent to the weights: what is left of their radial parts is rounding itself.
    return kind === 'radial'
      ? Math.max(...others.map((value, at) => Math.abs(value - numbers[at]!)))
      : off([...numbers], others);
  });
  return Math.max(...states, ...kinds, off(a.losses, b.losses));
}

test.each<[string, Way, Way]>([
  ['its share at once', { devices: 2 }, { training: { microBatch: 4 } }],
  ['its share in parts', { devices: 2, training: { microBatch: 2 } }, { training: { microBatch: 2 } }],
  ['a part of a half', { devices: 4, training: { microBatch: 4 } }, { training: { microBatch: 2 } }],
  [
    'other masks',
    { devices: 2, network: { dropout: 0.3 } },
    { training: { microBatch: 4 }, network: { dropout: 0.3 } },
  ],
])('devices that share a batch learn what one learns in micro-batches, each %s', async (_words, shared, alone) => {
  // Sums in another order; Adam divides a gradient by its size, so rounding shows.
  expect(farthest(await after(shared), await after(alone))).toBeLessThan(1e-4);
});

test('in half precision devices add up in float32, and learn what one learns', async () => {
  const training = { precision: 'bf16', microBatch: 4 } as const;
  const [shared, alone] = [await after({ devices: 2, training }, 1), await after({ training }, 1)];
  /** All gradients of the step, which Adam's first moments are a tenth of. */
  const gradients = ({ state }: After): number[] =>
    Object.entries(state).flatMap(([name, values]) => (name.startsWith('first/') ? values : []));
  // Eight bits: kernels of one thread and of two round otherwise. A device that is left out would be half of it all.
  expect(off(gradients(shared), gradients(alone))).toBeLessThan(0.1);
  expect(off(shared.losses, alone.losses)).toBeLessThan(0.01);
});

test.each<[number, number | null]>([
  [NaN, null],
  [Infinity, null],
  [-Infinity, null],
  [NaN, 2],
])('%f in the pictures of one device counts on all as on one, in micro-batches of %s', async (planted, microBatch) => {
  const batch = pictureBatch([8, 8, 8, 3], 2);
  const values = Float32Array.from(batch.labels!.values);
  values[2 * 6] = planted; // a label of the second device
  const given = { ...batch, labels: { ...batch.labels!, values } };
  const stateAfter = async (way: Way): Promise<Record<string, readonly number[]>> => {
    const trainer = await open(way);
    for (const nimg of [0, 8]) await trainer.step(nimg, nimg === 0 ? given : batch, false);
    expect(await trainer.mend()).toEqual([]);
    const state = await stateOf(trainer, planOf(way), tiny.sigmaRels.length);
    trainer.dispose();
    return state;
  };
  const shared = await stateAfter({ devices: 2, training: { microBatch } });
  const alone = await stateAfter({ training: { microBatch: microBatch ?? 4 } });
  for (const [name, numbers] of Object.entries(shared)) {
    expect(numbers.every(Number.isFinite), name).toBe(true);
    expect(off(numbers, alone[name]!), name).toBeLessThan(1e-4);
  }
});

/** Adds what it is fed with to `w`, on each device by itself, and gives the sum of `w` over all. */
function adding(devices: number): GraphProgram {
  const add: Entry = {
    inputs: { x: float32(3) },
    run: ({ inputs, state, sumOverDevices }) => {
      const w = tf.add(state.w!, inputs.x!);
      return { outputs: { sum: sumOverDevices({ w }).w! }, state: { w } };
    },
  };
  return recordProgram({ state: { w: float32(3) }, entries: { add }, devices });
}

test('state that has come to differ is found, and copied from the first device', async () => {
  const program = adding(3);
  const session = new GraphSession(onDevices(program, program, deviceNames([3])), executionOn(3).session);
  expect(await session.devices()).toEqual(expect.arrayContaining(['/device:CPU:0', '/device:CPU:1', '/device:CPU:2']));
  await session.initialise(() => zerosOf('float32', [3]));
  const add = async (...xs: readonly number[][]): Promise<number[][]> => {
    const parts = xs.map((x) => ({ inputs: { x: tf.tensor1d(x) }, outputs: ['sum'], first: 0 }));
    const results = await session.runTogether('add', () => [0, 0], parts);
    return results.map(({ sum }) => [...sum!.values]);
  };
  expect(await add([1, 2, 3], [1, 2, 3], [1, 2, 3])).toEqual(Array(3).fill([3, 6, 9]));
  expect(await session.differing(['w'])).toEqual([]);
  await add([1, 0, 0], [1, 0, 2 ** -20], [1, 0, 0]);
  expect(await session.differing(['w'])).toEqual([1]);
  await session.copyFirstTo(1);
  expect(await session.differing(['w'])).toEqual([]);
  expect(await add([0, 0, 0], [0, 0, 0], [0, 0, 0])).toEqual(Array(3).fill([6, 6, 9]));
  session.close();
});

test('small tensors are summed together, large ones begin a bucket when one is full', () => {
  const sizes: Record<string, number> = { a: 1, b: 8 * 2 ** 20, c: 5, d: 6, e: 9e6, f: 1 };
  expect(bucketsOf(Object.keys(sizes), (name) => sizes[name]!)).toEqual([['a', 'b'], ['c', 'd', 'e'], ['f']]);
});

test('one device has nothing to add, and its program is as if there were no others', () => {
  const ops = fromBinary(GraphDefSchema, adding(1).graph).node.map(({ op }) => op);
  expect(ops).not.toContain('CollectiveReduceV2');
});
