import type { Tensor } from '@tensorflow/tfjs-core';
import type { Seed } from '../../contract/seed.ts';
import { backend } from './binding.ts';
import { tf } from './tensorflow.ts';

function draw(op: string, shape: readonly number[], seed: Seed): Tensor {
  const engine = backend();
  const { TF_ATTR_TYPE: type, TF_FLOAT: float32, TF_INT32: int32 } = engine.binding;
  return tf.tidy(() =>
    engine.executeSingleOutput(
      op,
      [
        { name: 'dtype', type, value: float32 },
        { name: 'T', type, value: int32 },
        { name: 'Tseed', type, value: int32 },
      ],
      [tf.tensor1d([...shape], 'int32'), tf.tensor1d([...seed], 'int32')],
    ),
  );
}

/** Random numbers as a pure function of shape and seed (Philox; the same on CPU and GPU up to rounding), float32. */
export const randomKernels = {
  /** Standard normal numbers; the caller disposes them. */
  normal: (shape: readonly number[], seed: Seed): Tensor => draw('StatelessRandomNormal', shape, seed),
  /** Uniform in [0, 1); the caller disposes them. */
  uniform: (shape: readonly number[], seed: Seed): Tensor => draw('StatelessRandomUniform', shape, seed),
} as const;
