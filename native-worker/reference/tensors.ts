import { tf } from '../engine/tensorflow.ts';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Numbers, ReferenceCase } from './case-file.ts';
import type { Engine } from './engine.ts';

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
export async function withGradients<K extends string>(
  engine: Engine,
  inputs: Readonly<Record<K, Tensor>>,
  r: Tensor,
  f: (inputs: Record<K, Tensor>) => Tensor,
): Promise<{ y: Tensor; gradients: Record<K, Tensor> }> {
  const names = Object.keys(inputs) as K[];
  const named = (tensors: readonly Tensor[]): Record<K, Tensor> =>
    Object.fromEntries(names.map((name, index) => [name, tensors[index]!])) as Record<K, Tensor>;
  const all: Record<string, Tensor> = { ...inputs, upstream: r };
  const results: Record<string, Tensor> = await engine.compute(all, (given) => {
    const run = tf.valueAndGrads((...tensors: Tensor[]) => f(named(tensors)));
    const { value, grads } = run(
      names.map((name) => given[name]!),
      given.upstream,
    );
    return { y: value, ...Object.fromEntries(names.map((name, index) => [`d/${name}`, grads[index]!])) };
  });
  return { y: results.y!, gradients: named(names.map((name) => results[`d/${name}`]!)) };
}

export type { Tensor, Tensor1D, Tensor2D, Tensor4D };
