import type { DynamicsKind } from '../../../contract/dynamics.ts';
import { SIGMA_BINS, sigmaBin } from '../../../contract/noise-levels.ts';
import type { PerImage } from '../../edm2/tensors/types.ts';

/** What is recorded of each bin of noise levels. */
type NoiseKind = Extract<DynamicsKind, `noise-${string}`>;

/**
 * Norm of the gradient of a picture's loss at the network's output F, the loss summed over the picture's elements and
 * taken as it is optimised. As λ(σ) c_out² = 1, it is 2 e^−u √(n · error): nothing of it need be measured.
 *
 * @param error    mean of λ(σ) (D − y)² over the elements
 * @param u        u(σ), 0 where it is not learned
 * @param elements n, numbers of a picture
 */
export function outputGradient(error: number, u: number, elements: number): number {
  return 2 * Math.exp(-u) * Math.sqrt(elements * error);
}

/**
 * Means over the pictures of each bin of noise levels, and how many there are. NaN where a bin has none. Pictures of which
 * nothing was told but the loss, in a tick that an earlier version began, are left out.
 *
 * @param elements numbers of a picture
 */
export function byNoiseLevel(images: PerImage<readonly number[]>, elements: number): Record<NoiseKind, Float32Array> {
  const sums = {
    'noise-count': new Float64Array(SIGMA_BINS),
    'noise-loss': new Float64Array(SIGMA_BINS),
    'noise-error': new Float64Array(SIGMA_BINS),
    'noise-u': new Float64Array(SIGMA_BINS),
    'noise-gradient': new Float64Array(SIGMA_BINS),
  } satisfies Record<NoiseKind, Float64Array>;
  for (const [at, sigma] of images.sigma.entries()) {
    if (Number.isNaN(sigma)) continue;
    const bin = sigmaBin(sigma);
    const [error, u] = [images.error[at]!, images.u[at]!];
    sums['noise-count'][bin]! += 1;
    sums['noise-loss'][bin]! += images.loss[at]!;
    sums['noise-error'][bin]! += error;
    sums['noise-u'][bin]! += u;
    sums['noise-gradient'][bin]! += outputGradient(error, u, elements);
  }
  const counts = sums['noise-count'];
  const mean = (kind: NoiseKind): Float32Array => Float32Array.from(sums[kind], (sum, bin) => sum / counts[bin]!);
  return {
    'noise-count': Float32Array.from(counts),
    'noise-loss': mean('noise-loss'),
    'noise-error': mean('noise-error'),
    'noise-u': mean('noise-u'),
    'noise-gradient': mean('noise-gradient'),
  };
}
