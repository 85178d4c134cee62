import type { Rank, ShapeMap, Tensor } from '@tensorflow/tfjs-core';
import { backend, tf } from './tensorflow.ts';

/** Two 32-bit integers: the whole state of a stateless random op. */
export type Seed = readonly [number, number];

function draw<R extends Rank>(op: string, shape: ShapeMap[R], seed: Seed): Tensor<R> {
  const engine = backend();
  const { TF_ATTR_TYPE: type, TF_FLOAT: float32, TF_INT32: int32 } = engine.binding;
  return tf.tidy(
    () =>
      engine.executeSingleOutput(
        op,
        [
          { name: 'dtype', type: type!, value: float32 },
          { name: 'T', type: type!, value: int32 },
          { name: 'Tseed', type: type!, value: int32 },
        ],
        [tf.tensor1d(shape, 'int32'), tf.tensor1d([...seed], 'int32')],
      ) as Tensor<R>,
  );
}

/**
 * Standard normal numbers as a pure function of shape and seed (Philox; the same on CPU and GPU up to rounding).
 *
 * @returns float32 of the given shape; the caller disposes it
 */
export function statelessNormal<R extends Rank>(shape: ShapeMap[R], seed: Seed): Tensor<R> {
  return draw<R>('StatelessRandomNormal', shape, seed);
}

/** As `statelessNormal`, uniform in [0, 1). */
export function statelessUniform<R extends Rank>(shape: ShapeMap[R], seed: Seed): Tensor<R> {
  return draw<R>('StatelessRandomUniform', shape, seed);
}
