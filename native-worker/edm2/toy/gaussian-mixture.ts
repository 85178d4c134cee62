/** A mixture of Gaussians in the plane: the toy data whose score is known exactly (arXiv:2406.02507, Sec. 3). */
export interface GaussianMixture {
  /** Weight of each component, adding up to 1; [K]. */
  readonly phi: ArrayLike<number>;
  /** Centres, [K, 2]. */
  readonly mu: ArrayLike<number>;
  /** Covariances, [K, 2, 2]. */
  readonly covariance: ArrayLike<number>;
}

/** Components whose density is smaller by this many nats than the largest are below double precision. */
const NEGLIGIBLE = 45;

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
      if (logs[k]! < largest - NEGLIGIBLE) continue;
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

/**
 * Points of a mixture from given random numbers: the component by inverting the sum of weights, the place in it by the
 * Cholesky factor of its covariance.
 *
 * @param uniform in [0, 1), [N]
 * @param normal  standard normal, [N, 2]
 * @returns       [N, 2]
 */
export function mixturePoints(
  { phi, mu, covariance }: GaussianMixture,
  uniform: ArrayLike<number>,
  normal: ArrayLike<number>,
): Float32Array<ArrayBuffer> {
  const sums = new Float64Array(phi.length);
  let sum = 0;
  for (let k = 0; k < phi.length; k++) sums[k] = sum += phi[k]!;
  const points = new Float32Array(2 * uniform.length);
  for (let n = 0; n < uniform.length; n++) {
    const k = firstAbove(sums, uniform[n]! * sum);
    const [a, b, d] = [covariance[4 * k]!, covariance[4 * k + 1]!, covariance[4 * k + 3]!];
    const root = Math.sqrt(a);
    const [x, y] = [normal[2 * n]!, normal[2 * n + 1]!];
    points[2 * n] = mu[2 * k]! + root * x;
    points[2 * n + 1] = mu[2 * k + 1]! + (b / root) * x + Math.sqrt(Math.max(d - b ** 2 / a, 0)) * y;
  }
  return points;
}

/** Index of the first of rising numbers that is above `value`; the last if none is. */
function firstAbove(rising: Float64Array, value: number): number {
  let low = 0;
  let high = rising.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
