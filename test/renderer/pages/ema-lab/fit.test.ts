import { expect, test } from 'vitest';
import { recipesAt } from '../../../../contract/recipe.ts';
import { curvesOf, errorText, summary, verdict, type Curve } from '../../../../renderer/pages/ema-lab/fit.ts';

const snapshots = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((eighth) =>
  [0.05, 0.1].map((sigmaRel, index) => ({ id: eighth * 2 + index, nimg: eighth * 1000, sigmaRel })),
);
const profiles = snapshots.map(({ nimg, sigmaRel }) => ({ time: nimg, sigmaRel }));
const recipe = recipesAt({ name: 'test', averaging: 'power', snapshots }, null);

/** The integral over training, by trapezia; 1 for weights that add up. */
function area(curve: Curve): number {
  let sum = 0;
  for (let i = 1; i < curve.length; i++) {
    const [a, b] = [curve[i - 1]!, curve[i]!];
    sum += ((a.y + b.y) / 2) * (b.x - a.x);
  }
  return sum / curve.at(-1)!.x;
}

test('wanted and fitted profile both weigh 1 in all, and end where the average was taken', () => {
  const curves = curvesOf(recipe(0.15), profiles);
  expect(area(curves.target)).toBeCloseTo(1, 3); // 160 trapezia under a curve of γ 3.6
  expect(area(curves.fit)).toBeCloseTo(1, 2);
  expect(curves.target.at(-1)!.x).toBe(8000);
});

test('the fit jumps where a stored average ends: there is a point on either side', () => {
  const { fit } = curvesOf(recipe(0.03), profiles);
  const at = fit.findIndex(({ x }) => x === 7000);
  const after = fit.slice(at).find(({ x }) => x > 7000)!;
  expect(after.x - 7000).toBeLessThan(0.01);
  expect(Math.abs(after.y - fit[at]!.y)).toBeGreaterThan(0.05);
});

test('target and fit are within the axis, whose ends are multiples of its step; each stored profile has a curve', () => {
  for (const sigmaRel of [0.02, 0.05, 0.15, 0.25]) {
    const { fit, target, top, bottom, step, stored } = curvesOf(recipe(sigmaRel), profiles);
    const heights = [...fit, ...target].map(({ y }) => y);
    expect(Math.max(...heights)).toBeLessThanOrEqual(top);
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(bottom - 0.01 * top);
    for (const end of [top, bottom]) expect(end / step).toBeCloseTo(Math.round(end / step), 9);
    expect(stored).toHaveLength(16);
  }
});

test('the words name the wanted average, the heaviest part and how good the fit is', () => {
  expect(summary(recipe(0.1))).toBe(
    'Wanted: the average of σ_rel 0.1 at 8.00 kimg. It is stored. Predicted error 0 %: as good as tracked in training.',
  );
  expect(summary(recipe(0.015))).toMatch(
    /mixed from 8 stored averages; the heaviest is σ_rel 0\.1 at 8\.00 kimg with factor -4\.55/,
  );
  expect(summary(recipe(0.015))).toMatch(/a poor fit\.$/);
});

test.each([
  [0, '0 %', 'good'],
  [1e-9, '0 %', 'good'],
  [0.000341, '0.034 %', 'good'],
  [0.0149, '1.49 %', 'warn'],
  [0.36277, '36.3 %', 'bad'],
])('a predicted error of %f is %s and %s', (error, text, tone) => {
  expect(errorText(error)).toBe(text);
  expect(verdict(error).tone).toBe(tone);
});
