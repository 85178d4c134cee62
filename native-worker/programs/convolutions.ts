import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../contract/architecture.ts';
import { conv2d } from '../edm2/network/layers.ts';
import { upConv2d } from '../edm2/network/resample.ts';
import { float32, type Entry, type Given, type Specs } from '../engine/recording/program.ts';
import { tf } from '../engine/tensorflow.ts';

/** One convolution of a network. */
interface Convolution {
  /** Of its weight. */
  readonly name: string;
  /** As `conv2d` or `upConv2d` has them. */
  readonly filters: readonly number[];
  /** Channels that come in. */
  readonly channels: number;
  /** Width and height of what comes in, pixels. */
  readonly resolution: number;
  /** Pixels are repeated 2×2 first. */
  readonly up: boolean;
}

/**
 * A program that computes a network's convolutions and nothing else: each on numbers of its own, done as the network
 * does it. What it takes is the bound for everything with these convolutions in it.
 *
 * @param backward whether the gradients for input and filters are computed, too
 * @returns state: what the convolutions work on, of any values; output `sum`, a number that takes them all
 */
export function convolutionsOnly(
  plan: NetworkPlan,
  batch: number,
  backward: boolean,
): { readonly state: Specs; readonly entry: Entry } {
  const convolutions = convolutionsOf(plan);
  const state: Record<string, Specs[string]> = {};
  for (const convolution of convolutions) {
    const { name, resolution, channels, filters } = convolution;
    state[inputName(convolution)] = float32(batch, resolution, resolution, channels);
    state[name] = float32(...filters);
  }
  return {
    state,
    entry: {
      inputs: {},
      run: (given) => ({ outputs: { sum: compute(convolutions, given, backward) } }),
    },
  };
}

function compute(convolutions: readonly Convolution[], { state, casts }: Given, backward: boolean): Tensor {
  const inputs = new Map<string, Tensor>();
  let sum: Tensor = tf.scalar(0);
  for (const [index, convolution] of convolutions.entries()) {
    const name = inputName(convolution);
    const x = inputs.get(name) ?? casts.reduce(state[name]!);
    inputs.set(name, x);
    const w = casts.reduce(state[convolution.name]!);
    const convolve = (x: Tensor, w: Tensor): Tensor4D =>
      (convolution.up ? upConv2d : conv2d)(x as Tensor4D, w as Tensor4D);
    const y = convolve(x, w);
    const results = [y];
    // Nobody asks for the gradient of the picture, which is the input of the first convolution.
    if (backward && index === 0) results.push(tf.grad((w) => convolve(x, w))(w, y) as Tensor4D);
    else if (backward) results.push(...(tf.grads(convolve)([x, w], y) as Tensor4D[]));
    for (const result of results) sum = tf.add(sum, firstNumber(result));
  }
  return sum;
}

/** One number of a tensor: cheap, and the tensor must be computed for it. */
function firstNumber(x: Tensor): Scalar {
  const from = x.shape.map(() => 0);
  const size = x.shape.map(() => 1);
  return tf.reshape(tf.slice(x, from, size), []);
}

function convolutionsOf(plan: NetworkPlan): Convolution[] {
  const parts = [...plan.encoder, ...plan.decoder];
  return plan.parameters
    .filter(({ role, shape }) => role === 'weight' && shape.length === 4)
    .map(({ name, shape }) => {
      const [cout, cin, height, width] = shape as [number, number, number, number];
      const part = parts.find((candidate) => name.startsWith(`${candidate.name}.`));
      const up = part?.kind === 'block' && part.resample === 'up' && name.endsWith('.conv_res0.weight');
      const resolution = part?.resolution ?? plan.shape.resolution; // the output convolution is in no block
      return {
        name,
        filters: up ? [4, 4, cout, cin] : height === 1 ? [cin, cout] : [height, width, cin, cout],
        channels: cin,
        resolution: up ? resolution / 2 : resolution,
        up,
      };
    });
}

/** Inputs of one shape are one tensor: with different filters it is different work all the same. */
function inputName({ resolution, channels }: Convolution): string {
  return `input ${resolution}×${resolution}×${channels}`;
}
