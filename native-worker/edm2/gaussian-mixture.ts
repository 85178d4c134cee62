/** A mixture of Gaussians in the plane: the toy data whose score is known exactly (arXiv:2406.02507, Sec. 3). */
export interface GaussianMixture {
  /** Weight of each component, adding up to 1; [K]. */
  readonly phi: ArrayLike<number>;
  /** Centres, [K, 2]. */
  readonly mu: ArrayLike<number>;
  /** Covariances, [K, 2, 2]. */
  readonly covariance: ArrayLike<number>;
}

/**
 * Logarithm of the density of a mixture that is blurred by noise of level σ, and its gradient, at given points.
 * Blurring adds σ² to the diagonal of each covariance. In double precision.
 *
 * @param points [N, 2]
 * @returns      logarithms [N] and gradients [N, 2]
 */
export function blurredMixture(
  { phi, mu, covariance }: GaussianMixture,
  points: ArrayLike<number>,
  sigma: number,
): { logDensity: Float64Array; score: Float64Array } {
  const count = points.length / 2;
  const logDensity = new Float64Array(count);
  const score = new Float64Array(2 * count);
  const logs = new Float64Array(phi.length);
  const pulls = new Float64Array(2 * phi.length);
  for (let n = 0; n < count; n++) {
    for (let k = 0; k < phi.length; k++) {
      const a = covariance[4 * k]! + sigma ** 2;
      const b = covariance[4 * k + 1]!;
      const d = covariance[4 * k + 3]! + sigma ** 2;
      const determinant = a * d - b * b;
      const x = points[2 * n]! - mu[2 * k]!;
      const y = points[2 * n + 1]! - mu[2 * k + 1]!;
      // −Σ⁻¹ (x − μ), the gradient of this component's exponent.
      const pullX = -(d * x - b * y) / determinant;
      const pullY = -(a * y - b * x) / determinant;
      logs[k] = Math.log(phi[k]!) + (x * pullX + y * pullY) / 2 - Math.log(2 * Math.PI) - Math.log(determinant) / 2;
      pulls[2 * k] = pullX;
      pulls[2 * k + 1] = pullY;
    }
    const largest = logs.reduce((top, log) => Math.max(top, log), -Infinity);
    let total = 0;
    for (let k = 0; k < phi.length; k++) {
      const share = Math.exp(logs[k]! - largest);
      total += share;
      score[2 * n]! += share * pulls[2 * k]!;
      score[2 * n + 1]! += share * pulls[2 * k + 1]!;
    }
    score[2 * n]! /= total;
    score[2 * n + 1]! /= total;
    logDensity[n] = largest + Math.log(total);
  }
  return { logDensity, score };
}
