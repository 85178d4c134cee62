import { oneHotRows } from '../../native-worker/edm2/tensors/layout.ts';
import type { PictureBatch } from '../../native-worker/jobs/training/batch.ts';

/**
 * A batch of pictures that look like nothing, a function of its arguments.
 *
 * @param shape    [N, R, R, channels]
 * @param labelDim classes; 0: none
 */
export function pictureBatch(
  shape: readonly [number, number, number, number],
  labelDim: number,
  variant = 0,
): PictureBatch {
  const count = shape[0];
  const size = shape.reduce((product, one) => product * one, 1);
  const values = Uint8Array.from({ length: size }, (_, at) => 128 + 100 * Math.sin(at * 12.9898 + variant));
  const classes = Array.from({ length: count }, (_, index) => index % labelDim);
  return {
    images: { dtype: 'uint8', shape, values },
    labels:
      labelDim === 0 ? null : { dtype: 'float32', shape: [count, labelDim], values: oneHotRows(classes, labelDim) },
  };
}
