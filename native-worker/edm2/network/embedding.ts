import * as tf from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import { layerScope } from '../../../contract/profile.ts';
import { fixedFunctions } from './fixed-functions.ts';
import { learnedLayers, type Layer } from './layers.ts';
import type { Buffers, Forward } from '../tensors/types.ts';

const layers = {
  noise: { name: 'unet.emb_noise', kind: 'linear' },
  second: { name: 'unet.emb_second', kind: 'linear' },
  label: { name: 'unet.emb_label', kind: 'linear' },
} satisfies Record<string, Layer>;

/** The layers of an embedding, whether a network has them or not. */
export const embeddingLayers: readonly Layer[] = Object.values(layers);

/**
 * The embedding of noise level and class, after its last activation, which serves all blocks.
 *
 * A class-conditional network that is given no classes sees a class term of zero; the factor of the sum stays.
 * An unconditional network has neither class embedding nor sum.
 *
 * @param cNoise ln(σ)/4, [N] or [1]
 * @param labels one-hot classes, [N, labelDim]; null: none
 * @returns      [N, embChannels], or [1, embChannels] if there is one noise level and no class
 *
 * Source: arXiv:2312.02696, Fig. 16 to 22.
 */
export function embed(
  plan: NetworkPlan,
  buffers: Buffers,
  forward: Forward,
  cNoise: tf.Tensor1D,
  labels: tf.Tensor2D | null,
): tf.Tensor2D {
  const { switches, labelBalance } = plan.config;
  const { labelDim } = plan.shape;
  const { linear } = learnedLayers(forward);
  const { activation, sum } = fixedFunctions(switches);
  return tf.tidy(layerScope('network', 'unet.emb'), () => {
    let emb = linear(layers.noise, noiseFeatures(plan, buffers, cNoise));
    if (switches.embeddingLayers === 2) emb = linear(layers.second, activation(emb));
    if (labelDim > 0) {
      // One-hot vectors have magnitude 1/sqrt(labelDim). A and B leave it so.
      const scale = switches.weightInit === 'uniform-zero' ? 1 : Math.sqrt(labelDim);
      const classes = tf.mul<tf.Tensor2D>(labels ?? tf.zeros<tf.Rank.R2>([1, labelDim]), scale);
      emb = sum(emb, linear(layers.label, classes), labelBalance);
    }
    return activation(emb);
  });
}

/** Features of c_noise that the embedding starts from, [N, noiseChannels]. */
function noiseFeatures({ config, noiseChannels }: NetworkPlan, buffers: Buffers, cNoise: tf.Tensor1D): tf.Tensor2D {
  const kind = config.switches.noiseFeatures;
  if (kind === 'positional') return positionalFeatures(cNoise, noiseChannels);
  const features = kind === 'fourier' ? fourier : mpFourier;
  return features(cNoise, buffers['unet.emb_fourier.freqs']!, buffers['unet.emb_fourier.phases']!);
}

/**
 * Fourier features: y[n, i] = cos(a[n] · f[i] + φ[i]).
 *
 * @param a      c_noise = ln(σ)/4, [N]
 * @param freqs  f, 2π · N(0, 1), [channels]
 * @param phases φ, 2π · U(0, 1), [channels]
 * @returns      [N, channels]
 *
 * Source: arXiv:2312.02696, Eq. 35; the stored buffers hold the 2π already. There is no sine half.
 */
export function fourier(a: tf.Tensor1D, freqs: tf.Tensor1D, phases: tf.Tensor1D): tf.Tensor2D {
  return tf.tidy(() => tf.cos(tf.add(tf.mul(tf.reshape(a, [-1, 1]), tf.reshape(freqs, [1, -1])), phases)));
}

/** Magnitude-preserving Fourier features: the same times sqrt(2). Source: arXiv:2312.02696, Eq. 75. */
export function mpFourier(a: tf.Tensor1D, freqs: tf.Tensor1D, phases: tf.Tensor1D): tf.Tensor2D {
  return tf.tidy(() => tf.mul(fourier(a, freqs, phases), Math.SQRT2));
}

/** Ratio of the highest to the lowest frequency, nearly. */
const SPAN = 10_000;

/**
 * Noise features of A and B: cos(a f_i) for all i, then sin(a f_i), with f_i = 10000^(−i/h), i = 0 … h − 1.
 *
 * @param a        c_noise = ln(σ)/4, [N]
 * @param channels 2h, even
 * @returns        [N, channels]
 *
 * Source: EDM's ADM network, after Vaswani et al., arXiv:1706.03762, Sec. 3.5.
 */
export function positionalFeatures(a: tf.Tensor1D, channels: number): tf.Tensor2D {
  const half = channels / 2;
  return tf.tidy(() => {
    const frequencies = tf.tensor2d(
      Array.from({ length: half }, (_, i) => SPAN ** (-i / half)),
      [1, half],
    );
    const angles = tf.mul<tf.Tensor2D>(tf.reshape(a, [-1, 1]), frequencies);
    return tf.concat<tf.Tensor2D>([tf.cos(angles), tf.sin(angles)], 1);
  });
}
