import { tf } from '../engine/tensorflow.ts';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Numbers, ReferenceCase } from './case-file.ts';

/** A tensor as it lies in the file. */
export function tensor(reference: ReferenceCase, name: string): Tensor {
  return fromNumbers(reference.read(name));
}

export function fromNumbers({ shape, data }: Numbers): Tensor {
  return tf.tensor(data instanceof Float32Array ? data : Float32Array.from(data), [...shape], 'float32');
}

/** Activations, NCHW in the file, as NHWC. */
export function pictures(reference: ReferenceCase, name: string): Tensor4D {
  return toNhwc(tensor(reference, name));
}

export function toNhwc(x: Tensor): Tensor4D {
  return tf.transpose(x as Tensor4D, [0, 2, 3, 1]);
}

/** Reads activations back as NCHW. */
export function numbersNchw(x: Tensor): Float32Array {
  return tf.tidy(() => tf.transpose(x, [0, 3, 1, 2]).dataSync<'float32'>());
}

export function numbers(x: Tensor): Float32Array {
  return x.dataSync<'float32'>();
}

/** Value of f and its gradients with respect to `inputs`, of sum(f · r). */
export function withGradients<K extends string>(
  inputs: Readonly<Record<K, Tensor>>,
  r: Tensor,
  f: () => Tensor,
): { y: Tensor; gradients: Record<K, Tensor> } {
  const names = Object.keys(inputs) as K[];
  const { value, grads } = tf.valueAndGrads(f)(Object.values(inputs), r);
  return {
    y: value,
    gradients: Object.fromEntries(names.map((name, index) => [name, grads[index]!])) as Record<K, Tensor>,
  };
}

export type { Tensor, Tensor1D, Tensor2D, Tensor4D };
