import { expect, test } from 'vitest';
import type { Tensor } from '@tensorflow/tfjs-core';
import { planNetwork } from '../../../../contract/architecture.ts';
import { findPreset } from '../../../../contract/presets.ts';
import { initialState } from '../../../../native-worker/edm2/training/state.ts';
import { randomSource } from '../../../../native-worker/edm2/tensors/random.ts';
import { stepScalars } from '../../../../native-worker/edm2/training/schedule.ts';
import { trainStep } from '../../../../native-worker/edm2/training/step.ts';
import { type OpAttribute, type OutputInfo, backend } from '../../../../native-worker/engine/binding.ts';
import type { Value } from '../../../../native-worker/engine/recording/builder.ts';
import { DataType } from '../../../../native-worker/engine/proto/tensorflow_pb.js';
import { inferOutputs, ruledOps } from '../../../../native-worker/engine/recording/shape-rules.ts';
import { randomKernels } from '../../../../native-worker/engine/random.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';

const typeCodes: Readonly<Record<string, DataType>> = {
  float32: DataType.DT_FLOAT,
  int32: DataType.DT_INT32,
  bool: DataType.DT_BOOL,
};

interface Call {
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly attributes: ReadonlyMap<string, unknown>;
  readonly outputs: readonly OutputInfo[];
}

/** Every kernel call of a program, with what TensorFlow made of it. */
function callsOf(program: () => void): Call[] {
  const node = backend();
  const real = node.binding;
  const calls: Call[] = [];
  const known = new Map<number, Value>();
  const ids = node.getInputTensorIds.bind(node);
  node.getInputTensorIds = (tensors) => {
    const found = ids(tensors);
    for (const [index, id] of found.entries()) {
      const { shape, dtype, size } = tensors[index]!;
      const code = typeCodes[dtype]!;
      const constant = dtype === 'int32' && size < 100 ? { constant: real.tensorDataSync(id) } : {};
      known.set(id, { ref: '', dtype: code, shape, ...constant });
    }
    return found;
  };
  const spying = Object.create(real) as typeof real;
  const executeOp = (op: string, attributes: OpAttribute[], inputs: number[], outputs: number): OutputInfo[] => {
    const results = real.executeOp(op, attributes, inputs, outputs);
    calls.push({
      op,
      inputs: inputs.map((id) => known.get(id)!),
      attributes: new Map(attributes.map(({ name, value }) => [name, value])),
      outputs: results,
    });
    return results;
  };
  Object.defineProperty(spying, 'executeOp', { value: executeOp });
  node.binding = spying;
  try {
    tf.tidy(program);
  } finally {
    node.binding = real;
    Reflect.deleteProperty(node, 'getInputTensorIds');
  }
  return calls;
}

/** Ops by way of the tfjs functions that use them, on shapes in which every axis differs. */
function assortment(): void {
  const x = tf.randomUniform([2, 6, 4, 3], 0.1, 0.9);
  const y = tf.randomUniform([1, 4, 1]);
  const flat = x as never;
  for (const unary of [tf.abs, tf.cos, tf.erf, tf.exp, tf.expm1, tf.log, tf.log1p, tf.neg, tf.reciprocal, tf.relu])
    unary(flat);
  for (const unary of [tf.round, tf.rsqrt, tf.sigmoid, tf.sin, tf.softmax, tf.softplus, tf.sqrt, tf.square])
    unary(flat);
  for (const unary of [tf.tanh, tf.zerosLike, tf.floor, tf.ceil, tf.sign, tf.isFinite, tf.isNaN, tf.isInf]) unary(flat);
  for (const binary of [tf.add, tf.sub, tf.mul, tf.div, tf.divNoNan, tf.maximum, tf.minimum, tf.pow])
    binary(flat, y as never);
  for (const binary of [tf.squaredDifference, tf.atan2, tf.floorDiv, tf.mod]) binary(flat, y as never);
  for (const compare of [tf.equal, tf.notEqual, tf.greater, tf.greaterEqual, tf.less, tf.lessEqual])
    compare(flat, y as never);
  const truth = tf.greater(flat, 0.5);
  tf.logicalAnd(truth, truth);
  tf.logicalOr(truth, truth);
  tf.logicalNot(truth);
  tf.where(truth, flat, tf.zerosLike(flat));
  for (const reduce of [tf.sum, tf.mean, tf.max, tf.min, tf.prod]) {
    reduce(flat, [1, 3], true);
    reduce(flat, [-1]);
    reduce(flat);
  }
  tf.all(truth, 1);
  tf.any(truth, 1);
  tf.cast(flat, 'int32');
  tf.reshape(flat, [4, -1]);
  tf.transpose(flat, [3, 0, 2, 1]);
  tf.tile(flat, [1, 2, 1, 3]);
  tf.concat([flat, flat], 1);
  tf.split(flat, [1, 5], 1);
  tf.split(flat, 2, 2);
  tf.slice(flat, [0, 1, 0, 0], [2, 3, 4, -1]);
  tf.gather(flat, tf.tensor1d([1, 0, 1], 'int32'), 1);
  tf.stack([flat, flat], 2);
  tf.unstack(flat, 1);
  tf.pad(flat, [
    [0, 0],
    [1, 2],
    [0, 0],
    [3, 0],
  ]);
  tf.reverse(flat, 2);
  tf.clipByValue(flat, 0.2, 0.6);
  tf.fill([2, 5], 3);
  tf.oneHot(tf.tensor1d([0, 2], 'int32'), 4);
  tf.expandDims(flat, 2);
  tf.matMul(tf.ones([3, 5, 2]), tf.ones([3, 5, 4]), true, false);
  tf.matMul(tf.ones([3, 2, 5]), tf.ones([3, 4, 5]), false, true);
  tf.avgPool(flat, 2, 2, 'valid');
  tf.maxPool(flat, 3, 1, 'same');
  tf.conv2d(flat, tf.ones([3, 3, 3, 8]), 1, 'same');
  tf.conv2d(flat, tf.ones([3, 3, 3, 8]), 2, 'valid');
  randomKernels.normal([2, 3], [1, 2]);
  randomKernels.uniform([4], [1, 2]);
  tf.grads((a: Tensor, w: Tensor) => tf.sum(tf.avgPool(tf.conv2d(a as never, w as never, 1, 'same'), 2, 2, 'valid')))([
    x,
    tf.ones([3, 3, 3, 5]),
  ]);
}

/** A real training step with everything on. */
function trainingStep(): void {
  const { network, training } = findPreset('demo')!.config;
  const plan = planNetwork(
    { ...network, modelChannels: 8, channelsPerHead: 8, dropout: 0.1 },
    { resolution: 16, channels: 3, labelDim: 4 },
  );
  const settings = { ...training, batchSize: 4, microBatch: 2, horizontalFlips: true };
  const random = randomSource(randomKernels, 1, 0);
  const batch = { images: tf.zeros([4, 16, 16, 3]), labels: tf.oneHot([0, 1, 2, 3], 4).toFloat() };
  trainStep(plan, settings, initialState(plan, 2, random), batch as never, stepScalars(settings, 0), random, {
    measure: true,
  });
}

test('every rule says what TensorFlow makes', () => {
  const calls = [...callsOf(assortment), ...callsOf(trainingStep)];
  expect(calls.length).toBeGreaterThan(1000);
  for (const { op, inputs, attributes, outputs } of calls) {
    const inferred = inferOutputs(op, inputs, attributes);
    expect({ op, outputs: inferred.map(({ dtype, shape }) => ({ dtype, shape: [...shape] })) }).toEqual({
      op,
      outputs: outputs.map(({ dtype, shape }) => ({ dtype, shape })),
    });
  }
  const tried = new Set(calls.map(({ op }) => op));
  expect(ruledOps().filter((op) => !tried.has(op))).toEqual([]);
});
