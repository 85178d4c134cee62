import { AppError } from './errors.ts';
import { gammaFromSigmaRel } from './power-function.ts';
import { exactImages } from './units.ts';

/**
 * A power-function average: which training images it weighs, and how.
 * p(t) = (γ + 1) t^γ / T^(γ+1) on [0, T]. Source: arXiv:2312.02696, Eq. 121.
 */
export interface Profile {
  /** T, training images seen when it was taken. Only ratios of times matter. */
  readonly time: number;
  /** Width relative to T; decides γ. */
  readonly sigmaRel: number;
}

/** How to mix stored averages into one of another length. */
export interface Fit {
  /** One factor a stored average; they add up to 1. */
  readonly coefficients: readonly number[];
  /** Sum of the factors before they were divided by it; near 1 if the fit is good. */
  readonly sum: number;
  /** ‖p* − p‖² of the best approximation of the target's profile, before that division. */
  readonly residual: number;
  /** Predicted error: ‖p̂ − p‖ / ‖p‖ of the profile p̂ that `coefficients` make. 0: exact. See docs/post-hoc-ema.md. */
  readonly error: number;
}

/**
 * A stored profile of which all but this share (of its squared length) is a mixture of others already is left out: with it,
 * factors would be of the size of 1 / sqrt(share), and the float32 rounding of stored weights is multiplied by them. Two
 * lengths that differ as 0.05 and 0.10 do never come near it, with 500 snapshots neither.
 */
const NOTHING_NEW = 1e-10;

/** A profile with its exponent, which takes a root search to find. */
interface Power {
  readonly time: number;
  readonly gamma: number;
}

const powerOf = ({ time, sigmaRel }: Profile): Power => ({ time, gamma: gammaFromSigmaRel(sigmaRel) });

/**
 * ∫ p_a(t) p_b(t) dt. Only the ratio of the times is raised to a power, which can't overflow.
 *
 * Source: arXiv:2312.02696, Eq. 151.
 */
export function innerProduct(a: Profile, b: Profile): number {
  return productOf(powerOf(a), powerOf(b));
}

function productOf(a: Power, b: Power): number {
  const [first, last] = a.time > b.time ? [b, a] : [a, b];
  const ratio = (first.time / last.time) ** last.gamma;
  return ((first.gamma + 1) * (last.gamma + 1) * ratio) / ((first.gamma + last.gamma + 1) * last.time);
}

/**
 * The profile as a function: its density at a time, per training image; 0 before 0 and after T.
 *
 * Source: arXiv:2312.02696, Eq. 121.
 */
export function profileDensity(profile: Profile): (time: number) => number {
  const { time: end, gamma } = powerOf(profile);
  return (time) => (time >= 0 && time <= end ? ((gamma + 1) / end) * (time / end) ** gamma : 0);
}

/**
 * The profile that a mixture of stored averages has, as a function of time: Σ x_i p_i(t), per training image.
 *
 * @param coefficients one a stored average
 */
export function mixedDensity(stored: readonly Profile[], coefficients: readonly number[]): (time: number) => number {
  const densities = stored.map(profileDensity);
  return (time) => densities.reduce((sum, density, index) => sum + coefficients[index]! * density(time), 0);
}

/**
 * Prepares to fit profiles by mixtures of stored averages: what only depends on these is computed here, in some n³/3
 * multiplications for n of them, so that each target then takes n² (a slider may ask at every move).
 *
 * The factors of a target are the least-squares fit of its profile, divided by their sum as the official code does
 * (the paper stops before that). A profile that others make up, but for what rounding hides, gets the factor 0.
 *
 * @param stored averages to mix, at different times or lengths
 * @returns      fits one target; throws 'invalid-input' if its time is not positive, or a stored average is later
 * @throws {AppError} 'invalid-input' if there is nothing to mix, a time is not positive, or two are the same
 *
 * Source: arXiv:2312.02696, Eq. 134–143 and Alg. 3.
 */
export function postHocFit(stored: readonly Profile[]): (target: Profile) => Fit {
  if (stored.length === 0) throw new AppError('invalid-input', 'There is no snapshot to reconstruct an average from.');
  for (const { time } of stored) checkTime(time);
  if (new Set(stored.map(({ time, sigmaRel }) => `${time} ${sigmaRel}`)).size < stored.length) {
    throw new AppError('invalid-input', 'Two snapshots are of the same average; name each once.');
  }
  const last = Math.max(...stored.map(({ time }) => time));
  const powers = stored.map(powerOf);
  const solve = factorise(powers.map((a) => Float64Array.from(powers, (b) => productOf(a, b))));
  return (target) => {
    checkTime(target.time);
    if (target.time < last) {
      throw new AppError(
        'invalid-input',
        `A snapshot at ${exactImages(last)} is later than the average at ${exactImages(target.time)}; leave it out.`,
      );
    }
    const power = powerOf(target);
    const products = powers.map((a) => productOf(a, power));
    const square = productOf(power, power);
    const factors = solve(products);
    const sum = factors.reduce((total, factor) => total + factor, 0);
    const fitted = factors.reduce((total, factor, index) => total + factor * products[index]!, 0); // xᵀA x = xᵀb
    const residual = square - fitted;
    // ‖x/s − p‖² with A x = b: what the fit leaves, and what the division adds along the fit.
    const squaredError = residual + fitted * (1 / sum - 1) ** 2;
    return {
      coefficients: factors.map((factor) => factor / sum),
      sum,
      residual,
      error: Math.sqrt(Math.max(squaredError, 0) / square),
    };
  };
}

/** `postHocFit` for several targets at once; what it throws, too. */
export function solvePostHoc(stored: readonly Profile[], targets: readonly Profile[]): Fit[] {
  return targets.map(postHocFit(stored));
}

/**
 * Weights with which a profile counts whole time steps 0 … length − 1: t^γ, divided by their sum; 0 after `end`.
 *
 * Source: arXiv:2312.02696, Eq. 108 and 121.
 */
export function profileResponse(sigmaRel: number, end: number, length: number): number[] {
  const gamma = gammaFromSigmaRel(sigmaRel);
  const weights = Array.from({ length }, (_, t) => (t <= end ? (t / end) ** gamma : 0));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function checkTime(time: number): void {
  if (!(time > 0)) throw new AppError('invalid-input', `An average at ${exactImages(time)} does not exist.`);
}

/**
 * Prepares A x = b for a matrix of inner products by Cholesky's method with pivoting, in double precision, once for all
 * right sides. Profiles are taken in the order of what they add to those before; what adds nothing gets 0.
 */
function factorise(matrix: readonly Float64Array[]): (right: readonly number[]) => number[] {
  const n = matrix.length;
  const scale = matrix.map((row, index) => 1 / Math.sqrt(row[index]!));
  const lower = matrix.map(() => new Float64Array(n));
  const added = new Float64Array(n).fill(1); // squared length of what a profile adds to those taken, relative to its own
  const order: number[] = [];
  for (let column = 0; column < n; column++) {
    const pivot = added.reduce((best, value, row) => (value > added[best]! ? row : best), 0);
    if (added[pivot]! < NOTHING_NEW) break;
    const top = lower[pivot]!;
    const root = Math.sqrt(added[pivot]!);
    order.push(pivot);
    top[column] = root;
    added[pivot] = -1; // taken
    for (let row = 0; row < n; row++) {
      if (added[row]! < 0) continue;
      const mine = lower[row]!;
      let rest = matrix[row]![pivot]! * scale[row]! * scale[pivot]!;
      for (let k = 0; k < column; k++) rest -= mine[k]! * top[k]!;
      mine[column] = rest / root;
      added[row] = Math.max(0, added[row]! - mine[column]! ** 2);
    }
  }
  return (right) => {
    const y = order.map((row) => right[row]! * scale[row]!);
    for (let row = 0; row < y.length; row++) {
      const mine = lower[order[row]!]!;
      for (let k = 0; k < row; k++) y[row]! -= mine[k]! * y[k]!;
      y[row]! /= mine[row]!;
    }
    for (let row = y.length - 1; row >= 0; row--) {
      for (let k = row + 1; k < y.length; k++) y[row]! -= lower[order[k]!]![row]! * y[k]!;
      y[row]! /= lower[order[row]!]![row]!;
    }
    const x = right.map(() => 0);
    order.forEach((row, index) => (x[row] = y[index]! * scale[row]!));
    return x;
  };
}
