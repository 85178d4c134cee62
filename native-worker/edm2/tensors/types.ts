import type * as tf from '@tensorflow/tfjs-core';
import type { NetworkConfig } from '../../../contract/network.ts';
import type { Precision } from './precision.ts';

/**
 * Tensors by their official state-dict name ("unet.enc.32x32_block0.conv_res0.weight"). Inside `edm2/` filters are
 * [K, K, Cin, Cout] and linear weights [in, out], float32; files hold the official OIHW and [out, in] (`layout.ts`).
 */
export type Parameters = Readonly<Record<string, tf.Tensor>>;

/** Parameters of one shape as one tensor each, [how many, ...], by the names of their stacks (`network/stacks.ts`). */
export type Stacks = Readonly<Record<string, tf.Tensor>>;

/** Fixed random frequencies and phases of the Fourier features, by official name; [channels] each. Never trained. */
export type Buffers = Readonly<Record<string, tf.Tensor1D>>;

/** What a forward pass needs beside its inputs. */
export interface Forward {
  /** Parameters as the layers use them (`network/weights.ts`). */
  readonly inUse: Parameters;
  /** Drops activations; null: no dropout (sampling, or a network without it). The name is the block's. */
  readonly drop: ((x: tf.Tensor4D, name: string) => tf.Tensor4D) | null;
  /** Sees every named output, of blocks and of weights; it must not keep the tensor itself. */
  readonly observe: ((name: string, output: tf.Tensor) => void) | null;
  /** In which precision the activations between input and output are. */
  readonly precision: Precision;
}

/** The settings that concern a block. */
export type BlockConfig = Pick<NetworkConfig, 'resBalance' | 'attnBalance' | 'clipAct' | 'switches'>;

/** Everything that a training step changes, and the buffers it needs. A checkpoint is this and the two counts. */
export interface TrainState {
  readonly parameters: Stacks;
  readonly buffers: Buffers;
  /** Adam's first and second moments of each parameter. */
  readonly firstMoments: Stacks;
  readonly secondMoments: Stacks;
  /** Averages of the parameters (A: exponential, else of power functions), in the order of `TrainingConfig.sigmaRels`. */
  readonly averages: readonly Stacks[];
}

/** What one step learns from. */
export interface Batch {
  /** Pictures in the network's range (`encodePixels`), float32 [N, H, W, C]. */
  readonly images: tf.Tensor4D;
  /** One-hot classes, float32 [N, labelDim]; a row of zeros is a picture without a class. null: unconditional. */
  readonly labels: tf.Tensor2D | null;
}

/**
 * Where all random numbers come from: a pure function of purpose and shape, so that a step is one, too. The purpose
 * names what the numbers are for ("noise", "sigma", "dropout unet.enc.8x8_block0 0"); the same purpose gives the same numbers.
 */
export interface RandomSource {
  /** Standard normal numbers, float32. */
  normal(shape: number[], purpose: string): tf.Tensor;
  /** Uniform in [0, 1), float32. */
  uniform(shape: number[], purpose: string): tf.Tensor;
}

/**
 * The numbers that change from step to step, as float32 scalars so that a recorded step can be fed with them.
 * `stepScalars` computes them from the image count.
 */
export interface StepScalars {
  /** alpha, Eq. 67 with the linear ramp-up. */
  readonly learningRate: tf.Scalar;
  /** 1 / (1 − beta1^k) and 1 / sqrt(1 − beta2^k) at step k = 1, 2, …: Adam's bias corrections. */
  readonly firstCorrection: tf.Scalar;
  readonly secondCorrection: tf.Scalar;
  /** 1 − beta of each average, Eq. 127; kept as the difference, because beta itself is too near 1 for float32. */
  readonly averageRates: readonly tf.Scalar[];
}

/** What a step tells of each of its pictures. */
export interface PerImage<Numbers> {
  /** Mean over the picture's elements of λ(σ)/e^u (D − y)² + u. */
  readonly loss: Numbers;
  /** Mean over the picture's elements of λ(σ) (D − y)². */
  readonly error: Numbers;
  /** Noise level. */
  readonly sigma: Numbers;
  /** u(σ), 0 where it is not learned. */
  readonly u: Numbers;
}

/** Its names, in the order of the rows of the tensor that holds it. */
export const perImageRows = ['loss', 'error', 'sigma', 'u'] as const satisfies readonly (keyof PerImage<never>)[];

/** `PerImage` from each of its names and rows. */
export function perImageOf<Numbers>(of: (name: keyof PerImage<never>, row: number) => Numbers): PerImage<Numbers> {
  return Object.fromEntries(perImageRows.map((name, row) => [name, of(name, row)])) as never;
}

/** What a step returns. All tensors belong to the caller; the state it was given stays untouched. */
export interface StepResult {
  readonly state: TrainState;
  /** Mean over the batch's elements of λ(σ)/e^u (D − y)² + u; a scalar. */
  readonly loss: tf.Scalar;
  /** What it tells of each picture, [4, N]: `PerImage` in its order. */
  readonly perImage: tf.Tensor2D;
  /** Only if asked for. */
  readonly measured: Measures | null;
}

/** What is measured of a step whose tick is logged; `programs/step-dynamics.ts` makes numbers with names of it. */
export interface Measures {
  /** Of the forward pass, by `forwardSegments` (`training/measure-forward.ts`). */
  readonly forward: tf.Tensor1D;
  /** `UpdateMeasures` (`training/measure-update.ts`). */
  readonly layers: tf.Tensor2D;
  readonly units: tf.Tensor1D;
  readonly gains: tf.Tensor1D | null;
}
