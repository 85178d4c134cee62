import { AppError } from './errors.ts';
import { gammaFromSigmaRel } from './power-function.ts';

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
 * (the paper stops before that).
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
  const last = Math.max(...stored.map(({ time }) => time));
  const powers = stored.map(powerOf);
  const solve = factorise(powers.map((a) => powers.map((b) => productOf(a, b))));
  return (target) => {
    checkTime(target.time);
    if (target.time < last) {
      throw new AppError(
        'invalid-input',
        `A snapshot at ${last} images is later than the average at ${target.time}; leave it out.`,
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
  if (!(time > 0)) throw new AppError('invalid-input', `An average at ${time} training images does not exist.`);
}

/**
 * Prepares A x = b: Gaussian elimination with partial pivoting in double precision, once for all right sides.
 *
 * @param matrix A, square; it is overwritten by its factors
 * @throws {AppError} 'invalid-input' if it is singular: two averages are the same
 */
function factorise(matrix: number[][]): (right: readonly number[]) => number[] {
  const n = matrix.length;
  const order = matrix.map((_, index) => index);
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(matrix[row]![column]!) > Math.abs(matrix[pivot]![column]!)) pivot = row;
    }
    [matrix[column], matrix[pivot]] = [matrix[pivot]!, matrix[column]!];
    [order[column], order[pivot]] = [order[pivot]!, order[column]!];
    const top = matrix[column]!;
    if (top[column] === 0)
      throw new AppError('invalid-input', 'Two snapshots are of the same average; name each once.');
    for (let row = column + 1; row < n; row++) {
      const lower = matrix[row]!;
      const factor = (lower[column]! /= top[column]!);
      for (let k = column + 1; k < n; k++) lower[k]! -= factor * top[k]!;
    }
  }
  return (right) => {
    const x = order.map((index) => right[index]!);
    for (let row = 1; row < n; row++) {
      for (let k = 0; k < row; k++) x[row]! -= matrix[row]![k]! * x[k]!;
    }
    for (let row = n - 1; row >= 0; row--) {
      for (let k = row + 1; k < n; k++) x[row]! -= matrix[row]![k]! * x[k]!;
      x[row]! /= matrix[row]![row]!;
    }
    return x;
  };
}
