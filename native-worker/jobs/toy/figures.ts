import type { ToyFigures } from '../../../contract/toy.ts';
import { blurredMixture, type GaussianMixture } from '../../edm2/toy/gaussian-mixture.ts';

/** Cells of the histograms along a side: about the width of a branch each. */
const CELLS = 48;

/** Half the side of the square that the histograms cover; no true point is outside. */
const REACH = 1.6;

/** Counts as this many points in every cell, so that a cell that was missed does not make the divergence infinite. */
const PRIOR = 0.5;

/** Share of true points that count as outliers. */
const OUTLIERS = 0.01;

/** So many true points say where outliers begin: a hundredth of them is enough. */
const THRESHOLD_POINTS = 20_000;

/** Measures sets of points against a mixture, as true points show it. */
export class PointMeter {
  readonly #mixture: GaussianMixture;
  readonly #threshold: number;
  readonly #truth: Float64Array;

  /** @param truth points of the mixture, [N, 2], for a smooth histogram more than are measured */
  constructor(mixture: GaussianMixture, truth: Float32Array) {
    this.#mixture = mixture;
    const sorted = blurredMixture(mixture, truth.subarray(0, 2 * THRESHOLD_POINTS), 0).logDensity.sort();
    this.#threshold = sorted[Math.floor(OUTLIERS * sorted.length)]!;
    this.#truth = histogram(truth, 0);
  }

  /** @param points [N, 2] */
  measure(points: ArrayLike<number>): ToyFigures & { readonly isOutlier: readonly boolean[] } {
    const { logDensity } = blurredMixture(this.#mixture, points, 0);
    const isOutlier = Array.from(logDensity, (log) => log < this.#threshold);
    return {
      isOutlier,
      outliers: isOutlier.filter(Boolean).length / logDensity.length,
      logDensity: logDensity.reduce((sum, log) => sum + log, 0) / logDensity.length,
      divergence: divergence(this.#truth, histogram(points, PRIOR)),
    };
  }
}

/** Shares of the points in each cell; points outside the square count in the cell nearest to them. */
function histogram(points: ArrayLike<number>, prior: number): Float64Array {
  const counts = new Float64Array(CELLS * CELLS).fill(prior);
  const cell = (at: number): number =>
    Math.min(CELLS - 1, Math.max(0, Math.floor(((at + REACH) / (2 * REACH)) * CELLS)));
  for (let n = 0; n < points.length; n += 2) counts[cell(points[n + 1]!) * CELLS + cell(points[n]!)]! += 1;
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => count / total);
}

/** KL(p ‖ q) in nats. */
function divergence(p: Float64Array, q: Float64Array): number {
  return p.reduce((sum, share, cell) => (share === 0 ? sum : sum + share * Math.log(share / q[cell]!)), 0);
}
