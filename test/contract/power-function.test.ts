import { expect, test } from 'vitest';
import { averageDecay, averageRate, gammaFromSigmaRel, sigmaRelFromGamma } from '../../contract/power-function.ts';

test.each([
  [0.01, 96.994898],
  [0.015, 63.658934],
  [0.05, 16.972199],
  [0.075, 10.289116],
  [0.1, 6.937204],
  [0.13, 4.603597],
  [0.15, 3.557869],
  [0.2, 1.826214],
  [0.25, 0.719824],
  [0.28, 0.169344],
])('sigma_rel %f has exponent %f', (sigmaRel, gamma) => {
  expect(gammaFromSigmaRel(sigmaRel)).toBeCloseTo(gamma, 6);
});

test('width and exponent are each other’s inverse over the whole range', () => {
  for (let sigmaRel = 0.001; sigmaRel < 0.2886; sigmaRel += 0.001) {
    expect(sigmaRelFromGamma(gammaFromSigmaRel(sigmaRel)) / sigmaRel).toBeCloseTo(1, 12);
  }
});

test.each([0, -0.1, 12 ** -0.5, 1, NaN])('sigma_rel %f is refused', (sigmaRel) => {
  expect(() => gammaFromSigmaRel(sigmaRel)).toThrow(/does not exist/);
});

test.each([
  [0.05, [0, 3.889e-6, 0.00068431, 0.150535, 0.834747]],
  [0.1, [0, 0.00408003, 0.0400247, 0.433325, 0.923327]],
])('beta of %f at steps 1, 2, 3, 10 and 100', (sigmaRel, betas) => {
  [1, 2, 3, 10, 100].forEach((step, index) => expect(averageDecay(sigmaRel, step, 1)).toBeCloseTo(betas[index]!, 6));
});

test('the rate is 1 − beta, exactly 1 at the first step, and keeps its digits late in training', () => {
  expect(averageRate(0.05, 2048, 2048)).toBe(1);
  expect(averageRate(0.1, 1280, 128)).toBeCloseTo(1 - averageDecay(0.1, 1280, 128), 15);
  const late = (6.937203937601809 + 1) * (128 / 2 ** 40); // the derivative at Δt = 0
  expect(averageRate(0.1, 2 ** 40, 128) / late).toBeCloseTo(1, 8);
});

test.each([
  [0.05, [1, 1.999996, 2.999316, 3.994313, 4.98177, 5.96156, 6.934957, 7.903367]],
  [0.1, [1, 1.99592, 2.959812, 3.893965, 4.81182, 5.720485, 6.623578, 7.523067]],
])('weights that grow by 1 a step have the averages of LADDER at %f', (sigmaRel, expected) => {
  let average = -123; // initial weights never count
  expected.forEach((value, index) => {
    const step = index + 1;
    average += averageRate(sigmaRel, step, 1) * (step - average);
    expect(average).toBeCloseTo(value, 6);
  });
});
