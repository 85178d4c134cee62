import * as tf from '@tensorflow/tfjs-core';
import { attentionNames, blockNames, bucketsOf, type NetworkPlan } from '../../../contract/architecture.ts';
import { layerScope } from '../../../contract/profile.ts';
import type { Precision } from '../tensors/precision.ts';
import type { Forward } from '../tensors/types.ts';

/** Numbers of one kind within the vector that a forward pass is measured by. */
export interface Segment {
  /** Of a block, one number; `feature`: of a layer in a bucket, one number an output unit. */
  readonly kind: 'activation' | 'clipped' | 'logit' | 'entropy' | 'feature';
  /** Of the block or layer. */
  readonly name: string;
  readonly size: number;
}

/**
 * What a forward pass is measured by, in order: mean squares of blocks' outputs, shares of them that are clipped, mean
 * squares of logits, entropies, and mean squares of the features of the layers in buckets. All of them are means over
 * pictures, so that those of a batch are the means of its equally large parts'.
 */
export function forwardSegments(plan: NetworkPlan): Segment[] {
  const sizes = new Map(plan.parameters.map(({ name, shape }) => [name, shape[0]!])); // official: [out, …]
  const ofEach = (kind: Segment['kind'], names: readonly string[]): Segment[] =>
    names.map((name) => ({ kind, name, size: kind === 'feature' ? sizes.get(`${name}.weight`)! : 1 }));
  const attention = attentionNames(plan);
  return [
    ...ofEach('activation', blockNames(plan)),
    ...ofEach('clipped', plan.config.clipAct === null ? [] : clippedNames(plan)),
    ...ofEach('logit', attention),
    ...ofEach('entropy', attention),
    ...bucketsOf(plan).flatMap(({ layers }) => ofEach('feature', layers)),
  ];
}

/** Blocks whose outputs are clipped, where any are: not the input convolution. */
function clippedNames(plan: NetworkPlan): string[] {
  return blockNames(plan).slice(1);
}

/** Measures one forward pass. */
export interface ForwardMeter {
  readonly observe: NonNullable<Forward['observe']>;
  /** The numbers of `forwardSegments` in one vector, once the pass and what is derived from it are over. */
  readonly means: () => tf.Tensor1D;
}

/** @param precision of the pass */
export function forwardMeter(plan: NetworkPlan, precision: Precision): ForwardMeter {
  const segments = forwardSegments(plan);
  const wanted = new Set(segments.map(({ kind, name }) => `${kind} ${name}`));
  const kept = new Map<string, tf.Tensor>();
  // Gradients are taken in a scope of their own, hence `tf.keep`.
  const note = (kind: Segment['kind'], name: string, mean: () => tf.Tensor): void => {
    const key = `${kind} ${name}`;
    if (wanted.has(key)) kept.set(key, tf.keep(tf.tidy(() => tf.reshape(mean(), [-1]))));
  };
  return {
    observe: (name, output) => {
      const attention = /^(.*)\.attn_(logits|weights)$/.exec(name);
      if (attention !== null) {
        const [, block, what] = attention as unknown as [string, string, string];
        if (what === 'logits') note('logit', block, () => tf.mean(tf.square(output)));
        else note('entropy', block, () => meanEntropy(precision.restore(output)));
        return;
      }
      note('activation', name, () => tf.mean(tf.square(output)));
      note('clipped', name, () => shareAtLimit(output, plan.config.clipAct!));
      note('feature', name, () => meanSquareOfFeatures(output));
    },
    means: () => {
      const parts = segments.map(({ kind, name }) => kept.get(`${kind} ${name}`)!);
      const vector = tf.tidy(layerScope('network', 'measures'), () => tf.concat<tf.Tensor1D>(parts as tf.Tensor1D[]));
      tf.dispose(parts);
      return vector;
    },
  };
}

function shareAtLimit(output: tf.Tensor, limit: number): tf.Tensor {
  return tf.mean(tf.cast(tf.greaterEqual(tf.abs(output), limit), 'float32'));
}

/** Mean over all but the last axis. */
function meanSquareOfFeatures(output: tf.Tensor): tf.Tensor {
  const axes = Array.from({ length: output.rank - 1 }, (_, axis) => axis);
  return tf.mean(tf.square(output), axes);
}

/** Keeps the logarithm of a weight that is 0 finite; it is multiplied by that 0. */
const SMALLEST = 1e-30;

/** Mean over queries of −Σ p ln p, divided by that of equal weights. @param weights [N, heads, pixels, pixels] */
function meanEntropy(weights: tf.Tensor): tf.Tensor {
  const pixels = weights.shape.at(-1)!;
  const terms = tf.mul(weights, tf.log(tf.maximum(weights, SMALLEST)));
  return tf.mul(tf.mean(tf.sum(terms, -1)), -1 / Math.log(pixels));
}
