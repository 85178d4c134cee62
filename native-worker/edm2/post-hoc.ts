import { AppError } from '../../contract/errors.ts';
import { gammaFromSigmaRel } from './power-ema.ts';

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
export interface Reconstruction {
  /** One factor a stored average; they add up to 1. */
  readonly coefficients: readonly number[];
  /** Sum of the factors before they were divided by it; near 1 if the fit is good. */
  readonly sum: number;
  /** ‖p* − p‖² of the best approximation of the target's profile, before that division. */
  readonly residual: number;
}

/**
 * ∫ p_a(t) p_b(t) dt. Only the ratio of the times is raised to a power, which can't overflow.
 *
 * Source: arXiv:2312.02696, Eq. 151.
 */
export function innerProduct(a: Profile, b: Profile): number {
  if (a.time > b.time) return innerProduct(b, a);
  const gammaA = gammaFromSigmaRel(a.sigmaRel);
  const gammaB = gammaFromSigmaRel(b.sigmaRel);
  return ((gammaA + 1) * (gammaB + 1) * (a.time / b.time) ** gammaB) / ((gammaA + gammaB + 1) * b.time);
}

/**
 * Factors with which stored averages add up to an average of another length: the least-squares fit of the target's
 * profile, divided by its sum as the official code does (the paper stops before that).
 *
 * @param stored  averages to mix, at different times or lengths, none later than the target
 * @param targets wanted averages
 * @returns       one reconstruction a target
 * @throws {AppError} 'invalid-input' if there is nothing to mix, a time is not positive, or a stored average is later
 *   than a target
 *
 * Source: arXiv:2312.02696, Eq. 134–143 and Alg. 3.
 */
export function solvePostHoc(stored: readonly Profile[], targets: readonly Profile[]): Reconstruction[] {
  if (stored.length === 0) throw new AppError('invalid-input', 'There is no snapshot to reconstruct an average from.');
  const last = Math.max(...stored.map(({ time }) => time));
  for (const { time } of [...stored, ...targets]) {
    if (!(time > 0)) throw new AppError('invalid-input', `An average at ${time} training images does not exist.`);
  }
  for (const { time } of targets) {
    if (time < last) {
      throw new AppError(
        'invalid-input',
        `A snapshot at ${last} images is later than the average at ${time}; leave it out.`,
      );
    }
  }
  const gram = stored.map((a) => stored.map((b) => innerProduct(a, b)));
  const products = stored.map((a) => targets.map((target) => innerProduct(a, target)));
  const solution = solveLinear(gram, products);
  return targets.map((target, column) => {
    const x = solution.map((row) => row[column]!);
    const sum = x.reduce((total, factor) => total + factor, 0);
    const fitted = x.reduce((total, factor, row) => total + factor * products[row]![column]!, 0);
    return { coefficients: x.map((factor) => factor / sum), sum, residual: innerProduct(target, target) - fitted };
  });
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

/** A x = B for several right sides, by Gaussian elimination with partial pivoting in double precision. */
function solveLinear(matrix: readonly (readonly number[])[], right: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const rows = matrix.map((row, index) => [...row, ...right[index]!]);
  const width = rows[0]!.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const top = rows[column]!;
    if (top[column] === 0)
      throw new AppError('invalid-input', 'Two snapshots are of the same average; name each once.');
    for (let row = column + 1; row < n; row++) {
      const factor = rows[row]![column]! / top[column]!;
      for (let k = column; k < width; k++) rows[row]![k]! -= factor * top[k]!;
    }
  }
  for (let column = n - 1; column >= 0; column--) {
    const row = rows[column]!;
    for (let k = n; k < width; k++) {
      for (let other = column + 1; other < n; other++) row[k]! -= row[other]! * rows[other]![k]!;
      row[k]! /= row[column]!;
    }
  }
  return rows.map((row) => row.slice(n));
}
