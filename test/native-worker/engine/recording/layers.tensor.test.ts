import { fromBinary } from '@bufbuild/protobuf';
import type { Tensor } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { layerOf, layerScope } from '../../../../contract/profile.ts';
import { customGradient } from '../../../../native-worker/edm2/tensors/kernels.ts';
import { GraphDefSchema } from '../../../../native-worker/engine/proto/tensorflow_pb.js';
import { float32, recordProgram } from '../../../../native-worker/engine/recording/program.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';

/** Nodes of what a program of one input makes, as "layer Operation", without those that are everywhere. */
function recorded(outputs: (x: Tensor) => Record<string, Tensor>): string[] {
  const { graph } = recordProgram({
    state: {},
    entries: { go: { inputs: { x: float32(4, 4) }, run: ({ inputs }) => ({ outputs: outputs(inputs.x!) }) } },
  });
  const everywhere = new Set(['Const', 'Placeholder', 'DeepCopy', 'Identity', 'NoOp']);
  return fromBinary(GraphDefSchema, graph)
    .node.filter(({ op }) => !everywhere.has(op))
    .map(({ name, op }) => `${layerOf(name)?.layer ?? '-'} ${op}`);
}

const inLayer = <T extends Tensor>(layer: string, compute: () => T): T =>
  tf.tidy(layerScope('network', layer), compute);

test('an op bears the name of the innermost layer around it, whatever other scopes there are', () => {
  const found = recorded((x) => {
    const a = tf.exp(x);
    const b = inLayer('block', () => {
      const inner = tf.tidy('no layer', () =>
        inLayer('block.conv', () => tf.tidy(() => tf.matMul(a as never, x as never))),
      );
      return tf.sigmoid(inner);
    });
    return { y: tf.sqrt(b) };
  });
  expect(found).toEqual(['- Exp', 'block.conv BatchMatMulV2', 'block Sigmoid', '- Sqrt']);
});

test('gradients belong to the layer of the op whose gradients they are: those of tfjs and written ones', () => {
  const found = recorded((x) => {
    const loss = (w: Tensor): Tensor => {
      const a = inLayer('first', () => tf.matMul(w as never, x as never));
      const b = inLayer('second', () =>
        customGradient(
          a,
          (a) => ({ value: tf.tanh(a), saved: [a] }),
          (dy, [a]) => tf.mul(dy, tf.cos(a)),
        ),
      );
      return inLayer('loss', () => tf.sum(b));
    };
    return { dw: tf.grad(loss)(tf.exp(x)) };
  });
  expect(found.filter((node) => node.startsWith('second'))).toEqual(['second Cos', 'second Mul']);
  expect(found.filter((node) => node.endsWith('BatchMatMulV2'))).toEqual([
    'first BatchMatMulV2',
    'first BatchMatMulV2',
  ]);
  expect(found.filter((node) => node.startsWith('-'))).toEqual(['- Exp']);
});

test('the sum of gradients of a tensor that two layers used belongs to the one whose gradient came last', () => {
  const found = recorded((x) => {
    const loss = (w: Tensor): Tensor => {
      const shared = inLayer('shared', () => tf.exp(w));
      const a = inLayer('a', () => tf.sin(shared));
      const b = inLayer('b', () => tf.cos(shared));
      return inLayer('loss', () => tf.sum(tf.mul(a, b)));
    };
    return { dw: tf.grad(loss)(x) };
  });
  expect(found.filter((node) => node.endsWith('Add') || node.endsWith('AddV2'))).toEqual(['a Add']);
});

test('names of layers and of parts survive what TensorFlow makes of the nodes', () => {
  const unit = { part: 'network', layer: 'unet.enc.8x8_block0.conv_res0' };
  const scope = layerScope('network', unit.layer);
  expect(layerOf(scope)).toEqual(unit);
  expect(layerOf(`${scope}/Conv2D_12`)).toEqual(unit);
  expect(layerOf(`${scope}/ArithmeticOptimizer/AddOpsRewrite_Add_7`)).toEqual(unit);
  expect(layerOf(`ConstantFolding/${scope}/RealDiv_3_recip`)).toEqual(unit);
  expect(layerOf(`${scope}/Conv2D_1-0-TransposeNHWCToNCHW-LayoutOptimizer`)).toEqual(unit);
  expect(layerOf(`${layerScope('weights', '3x3/64')}/Mul_1`)).toEqual({ part: 'weights', layer: '3x3-64' });
  for (const none of ['train/in/images', 'stored/parameters/unet.out_conv.weight', 'Mul_3', 'train/out/network']) {
    expect(layerOf(none)).toBe(null);
  }
});
