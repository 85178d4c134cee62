import { fromBinary } from '@bufbuild/protobuf';
import type { Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import type { Reduced } from '../../../../native-worker/engine/recording/mixed-types.ts';
import { float32, recordProgram, type Given } from '../../../../native-worker/engine/recording/program.ts';
import { DataType, GraphDefSchema, type NodeDef } from '../../../../native-worker/engine/proto/tensorflow_pb.js';
import { GraphSession } from '../../../../native-worker/engine/session/graph-session.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';

const bfloat16: Reduced = { type: DataType.DT_BFLOAT16, inFloat32: ['Square', 'Mean', 'Sigmoid'] };
const half: Reduced = { type: DataType.DT_HALF, inFloat32: ['Square', 'Mean'] };

type Program = (x: Tensor, casts: Given['casts']) => Tensor;

/** Records a program of one input, x, and one output, y. */
function record(reduced: Reduced | null, shape: readonly number[], program: Program): ReturnType<typeof recordProgram> {
  const run = ({ inputs, casts }: Given): { outputs: { y: Tensor } } => ({ outputs: { y: program(inputs.x!, casts) } });
  return recordProgram({ state: {}, entries: { main: { inputs: { x: float32(...shape) }, run } }, reduced });
}

/** The nodes of one op. */
function nodesOf(program: ReturnType<typeof recordProgram>, op: string): NodeDef[] {
  return fromBinary(GraphDefSchema, program.graph).node.filter((node) => node.op === op);
}

/** Type of what nodes of an op compute with. */
function typesOf(program: ReturnType<typeof recordProgram>, op: string): unknown[] {
  return nodesOf(program, op).map((node) => node.attr.T?.value.value);
}

async function run(reduced: Reduced | null, x: Tensor, program: Program): Promise<number[]> {
  const session = new GraphSession(record(reduced, x.shape, program));
  const { y } = await session.run('main', { x }, () => [0, 0], ['y']);
  session.close();
  return [...y!.values];
}

/** Ties, the ends of the ranges, numbers too small and too large for half precision, and a thousand others. */
const hard = [0, -0, 1, 1 + 2 ** -8, 1 + 3 * 2 ** -9, 1 + 2 ** -11, 1 + 3 * 2 ** -11, -1e-7, 6e-8, 2.9e-8, 65_504];
const harder = [65_519, 65_520, 1e30, -3e38, 6.1e-5, 6.097e-5, 2 ** -24, 3 * 2 ** -25, 2 ** -25, Infinity, -Infinity];
const random = tf.mul(tf.randomNormal([1000], 0, 1, 'float32', 1), tf.exp(tf.randomNormal([1000], 0, 4, 'float32', 2)));
const values = tf.tensor1d([...hard, ...harder, ...random.dataSync()]);

describe.each([
  ['bfloat16', bfloat16, 2 ** -8],
  ['half', half, 2 ** -11],
] as const)('in %s', (_name, reduced, bound) => {
  test('constants are rounded as TensorFlow rounds what it computes', async () => {
    const numbers = values.dataSync<'float32'>();
    const inside = await run(reduced, values, (x, { reduce, restore }) => restore(reduce(x)));
    const constants = await run(reduced, tf.scalar(0), (_x, { reduce, restore }) =>
      restore(reduce(tf.tensor1d(numbers))),
    );
    expect(constants).toEqual(inside);
  });

  test('rounding keeps the relative error that the bits allow, within the range', async () => {
    const numbers = values.dataSync<'float32'>();
    const rounded = await run(reduced, values, (x, { reduce, restore }) => restore(reduce(x)));
    numbers.forEach((value, index) => {
      const size = Math.abs(value);
      if (size < 1e-4 || size > 60_000) return; // half precision has no more
      expect(Math.abs(rounded[index]! - value)).toBeLessThanOrEqual(size * bound);
    });
  });
});

describe('an op that meets a reduced tensor', () => {
  const conv: Program = (x, { reduce }) => {
    const filters = tf.ones([3, 3, 4, 4]);
    return tf.conv2d(reduce(x) as never, filters as never, 1, 'same');
  };

  test('is computed in the reduced type, constants and all, and the result is given out in float32', () => {
    const program = record(bfloat16, [1, 4, 4, 4], conv);
    expect(typesOf(program, 'Conv2D')).toEqual([DataType.DT_BFLOAT16]);
    // One cast of the input and one of the result: the filters were rounded when the graph was built.
    expect(nodesOf(program, 'Cast')).toHaveLength(2);
    expect(typesOf(program, 'Identity').filter((type) => type !== DataType.DT_FLOAT)).toEqual([]);
  });

  test('is computed in float32 if the device wants it so', () => {
    const program = record(bfloat16, [4], (x, { reduce }) => tf.sigmoid(reduce(x)));
    expect(typesOf(program, 'Sigmoid')).toEqual([DataType.DT_FLOAT]);
  });

  test('takes float32 tensors down with it, and the statistics of reduced ones up', () => {
    const program = record(half, [4, 4], (x, { reduce }) => {
      const low = reduce(x);
      const meanSquare = tf.mean(tf.square(low), [1], true);
      return tf.mul(low, meanSquare);
    });
    expect(typesOf(program, 'Square')).toEqual([DataType.DT_FLOAT]);
    expect(typesOf(program, 'Mean')).toEqual([DataType.DT_FLOAT]);
    expect(typesOf(program, 'Mul')).toEqual([DataType.DT_HALF]);
  });

  test('shares its casts with others', () => {
    const program = record(bfloat16, [4], (x, { reduce }) => tf.mul(tf.add(reduce(x), 1), tf.sub(reduce(x), 1)));
    expect(nodesOf(program, 'Cast')).toHaveLength(2); // x down, the product up
  });

  test('casts pieces of one tensor by one cast of the whole, and computes the same', async () => {
    const pieces: Program = (x, { reduce }) => {
      const low = reduce(tf.ones([2, 1]));
      const [a, b, c] = tf.split(tf.mul(x, 1.001), [1, 2, 3], 1);
      return tf.concat([tf.mul(low, a!), tf.mul(low, b!), tf.mul(low, c!)], 1);
    };
    const x = tf.reshape(tf.slice(values, 30, 12), [2, 6]);
    const oneByOne: Program = (given, { reduce }) => tf.add(reduce(tf.mul(given, 1.001)), reduce(tf.zeros([2, 6])));
    expect(nodesOf(record(half, [2, 6], pieces), 'Cast')).toHaveLength(2); // what is cut down, the result up
    expect(await run(half, x, pieces)).toEqual(await run(half, x, oneByOne));
  });

  test('keeps its type beside masks and filled tensors, which take any', () => {
    const program = record(bfloat16, [4], (x, { reduce }) => {
      const low = reduce(x);
      const mask = tf.cast(tf.greater(x, 0), 'float32');
      return tf.add(tf.mul(low, mask), tf.zerosLike(x));
    });
    expect(typesOf(program, 'Mul')).toEqual([DataType.DT_BFLOAT16]);
    expect(typesOf(program, 'Add')).toEqual([DataType.DT_BFLOAT16]);
    const alone = record(bfloat16, [4], (x) => tf.mul(x, tf.cast(tf.greater(x, 0), 'float32')));
    expect(typesOf(alone, 'Mul')).toEqual([DataType.DT_FLOAT]);
  });
});

test('squares of large activations do not overflow in half precision', async () => {
  const x = tf.tensor2d([[300, 300]]);
  const norm: Program = (given, { reduce }) => tf.mean(tf.square(reduce(given)));
  expect(await run(half, x, norm)).toEqual([90_000]);
});

test('a program without a reduced type casts nothing', () => {
  const program = record(null, [4], (x, { reduce, restore }) => tf.square(restore(reduce(x))));
  expect(nodesOf(program, 'Cast')).toEqual([]);
  expect(typesOf(program, 'Square')).toEqual([DataType.DT_FLOAT]);
});

test('state that is kept reduced is rounded once, when it is fed, and can be changed and read', async () => {
  const entry = {
    inputs: { x: float32(3) },
    run: ({ inputs, state, casts }: Given) => ({
      outputs: { y: tf.mul(casts.reduce(inputs.x!), state.w!) },
      state: { w: tf.add(state.w!, inputs.x!) },
    }),
  };
  const state = { w: { ...float32(3), reduced: true } };
  const program = recordProgram({ state, entries: { main: entry }, reduced: bfloat16 });
  expect(nodesOf(program, 'VarHandleOp').map((node) => node.attr.dtype?.value.value)).toEqual([DataType.DT_BFLOAT16]);
  const session = new GraphSession(program);
  await session.initialise(() => tf.tensor1d([1, 1 + 2 ** -9, 3]));
  const { y } = await session.run('main', { x: tf.tensor1d([2, 2, 2]) }, () => [0, 0], ['y']);
  expect([...y!.values]).toEqual([2, 2, 6]);
  expect([...(await session.read(['w'])).w!.values]).toEqual([3, 3, 5]);
  session.close();
});
