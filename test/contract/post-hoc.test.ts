import { expect, test } from 'vitest';
import {
  innerProduct,
  mixedDensity,
  postHocFit,
  profileDensity,
  profileResponse,
  solvePostHoc,
} from '../../contract/post-hoc.ts';
import type { Profile } from '../../contract/post-hoc.ts';
import { averageRate, sigmaRelFromGamma } from '../../contract/power-function.ts';

const withGamma = (time: number, gamma: number): Profile => ({ time, sigmaRel: sigmaRelFromGamma(gamma) });
const at = (time: number, sigmaRel: number): Profile => ({ time, sigmaRel });

test.each([
  [at(1, 0.05), at(1, 0.05), 9.243254],
  [at(1, 0.05), at(1, 0.1), 5.726713],
  [at(1, 0.1), at(1, 0.1), 4.235409],
  [at(0.5, 0.05), at(1, 0.1), 0.0467303],
  [at(0.5, 0.1), at(1, 0.05), 0.0000445408],
  [withGamma(1, 1), withGamma(1, 2), 3 / 2],
  [withGamma(1, 1), withGamma(2, 2), 3 / 16],
  [withGamma(2, 1), withGamma(1, 2), 3 / 8],
])('the inner product of %o and %o is %f', (a, b, value) => {
  expect(innerProduct(a, b) / value).toBeCloseTo(1, 4);
  expect(innerProduct(b, a)).toBe(innerProduct(a, b));
});

const times = [1, 2, 3, 4];

test.each<[string, Profile[], Profile, number[], number]>([
  ['exponents 1 and 3 make 2', [withGamma(1, 1), withGamma(1, 3)], withGamma(1, 2), [15 / 32, 35 / 64], 1 / 320],
  [
    'four snapshots make 0.15',
    [at(1, 0.05), at(2, 0.05), at(1, 0.1), at(2, 0.1)],
    at(2, 0.15),
    [-0.012752, -0.299535, 0.044107, 1.147841],
    0.0396387,
  ],
  [
    'eight snapshots make 0.13',
    [...times.map((time) => at(time, 0.05)), ...times.map((time) => at(time, 0.1))],
    at(4, 0.13),
    [-0.000094, -0.004547, -0.041489, -0.194596, 0.000386, 0.014436, 0.112742, 1.09271],
    0.0026488,
  ],
])('%s', (_what, stored, target, raw, residual) => {
  const [solution] = solvePostHoc(stored, [target]);
  expect(solution!.sum).toBeCloseTo(
    raw.reduce((a, b) => a + b, 0),
    5,
  );
  solution!.coefficients.forEach((factor, index) => expect(factor * solution!.sum).toBeCloseTo(raw[index]!, 6));
  expect(solution!.coefficients.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  expect(solution!.residual).toBeCloseTo(residual, 6);
});

test('a stored average is its own reconstruction', () => {
  const stored = times.flatMap((time) => [at(time, 0.05), at(time, 0.1)]);
  const [solution] = solvePostHoc(stored, [at(4, 0.1)]);
  solution!.coefficients.forEach((factor, index) => expect(factor).toBeCloseTo(index === 7 ? 1 : 0, 10));
  expect(solution!.residual).toBeCloseTo(0, 10);
});

test.each([
  [8, [0.36277, 0.1004, 0, 0.01249, 0.03293, 0.07529, 0.16932]],
  [16, [0.20856, 0.03864, 0, 0.00348, 0.00898, 0.02309, 0.07676]],
  [64, [0.02312, 0.0029, 0, 0.00023, 0.00058, 0.00171, 0.0145]],
])('%d evenly spaced snapshots fit other lengths as well as LADDER says', (count, errors) => {
  const stored = Array.from({ length: count }, (_, i) => i + 1).flatMap((time) => [at(time, 0.05), at(time, 0.1)]);
  const targets = [0.015, 0.03, 0.05, 0.075, 0.15, 0.2, 0.25].map((sigmaRel) => at(count, sigmaRel));
  solvePostHoc(stored, targets).forEach(({ residual }, index) => {
    const relative = Math.sqrt(Math.max(residual, 0) / innerProduct(targets[index]!, targets[index]!));
    expect(relative).toBeCloseTo(errors[index]!, 4);
  });
});

test('weights that grow by 1 a step reconstruct as LADDER says', () => {
  const track = (sigmaRel: number): number[] => {
    let average = 0;
    return times.map((step) => (average += averageRate(sigmaRel, step, 1) * (step - average)));
  };
  const mix = (steps: number[]): number => {
    const stored = steps.flatMap((time) => [at(time, 0.05), at(time, 0.1)]);
    const values = steps.flatMap((time) => [track(0.05)[time - 1]!, track(0.1)[time - 1]!]);
    const { coefficients } = solvePostHoc(stored, [at(4, 0.15)])[0]!;
    return coefficients.reduce((sum, factor, index) => sum + factor * values[index]!, 0);
  };
  expect(track(0.15)[3]).toBeCloseTo(3.686249, 6);
  expect(mix([1, 2, 3, 4])).toBeCloseTo(3.698739, 6);
  expect(mix([2, 4])).toBeCloseTo(3.79208, 6);
});

test.each<[string, Profile[], Profile[], RegExp]>([
  ['no snapshot', [], [at(1, 0.1)], /no snapshot/],
  ['a snapshot later than the target', [at(2, 0.1)], [at(1, 0.1)], /later than/],
  ['a snapshot at 0 images', [at(0, 0.1)], [at(1, 0.1)], /does not exist/],
  ['the same snapshot twice', [at(1, 0.1), at(1, 0.1)], [at(1, 0.05)], /name each once/],
])('%s is refused', (_what, stored, targets, sentence) => {
  expect(() => solvePostHoc(stored, targets)).toThrow(sentence);
});

test('a response adds up to 1 and is 0 after its end', () => {
  const response = profileResponse(0.1, 16, 20);
  expect(response.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  expect(response.slice(17)).toEqual([0, 0, 0]);
});

/** ∫ f dt over [0, end] by the midpoint rule. */
function integral(f: (t: number) => number, end: number): number {
  const steps = 40_000;
  let sum = 0;
  for (let i = 0; i < steps; i++) sum += f(((i + 0.5) / steps) * end);
  return (sum * end) / steps;
}

test('a density has area 1, ends at its time, and makes the inner products', () => {
  const [a, b] = [at(300, 0.05), at(400, 0.13)];
  const [p, q] = [profileDensity(a), profileDensity(b)];
  expect(integral(p, 400)).toBeCloseTo(1, 5);
  expect(p(300)).toBeGreaterThan(0);
  expect([p(301), p(-1)]).toEqual([0, 0]);
  expect(integral((t) => p(t) * q(t), 400) / innerProduct(a, b)).toBeCloseTo(1, 4);
});

test.each([0.02, 0.08, 0.15, 0.25])('the error of a fit of %f is the distance of the profiles as drawn', (sigmaRel) => {
  const stored = times.flatMap((time) => [at(time, 0.05), at(time, 0.1)]);
  const target = at(4, sigmaRel);
  const { coefficients, error } = postHocFit(stored)(target);
  const [fitted, wanted] = [mixedDensity(stored, coefficients), profileDensity(target)];
  const distance = integral((t) => (fitted(t) - wanted(t)) ** 2, 4);
  expect(Math.sqrt(distance / innerProduct(target, target)) / error).toBeCloseTo(1, 3);
  expect(integral(fitted, 4)).toBeCloseTo(1, 4);
});

test('one fit serves many targets as if each had its own', () => {
  const stored = times.flatMap((time) => [at(time, 0.05), at(time, 0.1)]);
  const fit = postHocFit(stored);
  for (const sigmaRel of [0.03, 0.1, 0.2]) {
    fit(at(4, 0.28));
    expect(fit(at(4, sigmaRel))).toEqual(postHocFit(stored)(at(4, sigmaRel)));
  }
});

test.each([
  ['lengths that are all but the same', [0.1, 0.1000001]],
  ['eight lengths, where four would do', [0.05, 0.051, 0.052, 0.053, 0.1, 0.101, 0.102, 0.103]],
])('%s are not played against each other, which would multiply rounding errors', (_what, lengths) => {
  const moments = Array.from({ length: 64 }, (_, i) => i + 1);
  const fit = postHocFit(moments.flatMap((time) => lengths.map((sigmaRel) => at(time, sigmaRel))));
  for (const sigmaRel of [0.03, 0.07, 0.15, 0.2, 0.25]) {
    const { coefficients, error } = fit(at(64, sigmaRel));
    expect(coefficients.reduce((sum, factor) => sum + Math.abs(factor), 0)).toBeLessThan(1000); // 6e-5 of rounding
    expect(error).toBeLessThan(0.11);
    expect(error).toBeGreaterThan(0);
  }
});

test('more snapshots never fit worse', () => {
  const errorOf = (count: number): number => {
    const moments = Array.from({ length: count }, (_, i) => (i + 1) / count);
    return postHocFit(moments.flatMap((time) => [at(time, 0.05), at(time, 0.1)]))(at(1, 0.2)).error;
  };
  const errors = [1, 2, 4, 8, 16, 32].map(errorOf); // each set holds the one before
  expect(errors).toEqual(errors.toSorted((a, b) => b - a));
});
