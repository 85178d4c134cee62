import { expect, test } from 'vitest';
import { compare, flatten } from '../../../native-worker/reference/compare.ts';

const tight = { atol: 1e-3, rtol: 0 };
const state = { ...tight, alternative: { relativeL2: 0.01, absolute: 0.1 } };
const reference = Array.from({ length: 100 }, () => 1);
const replaced = (index: number, value: number): number[] => reference.with(index, value);

test('an error is given as a multiple of what is allowed there', () => {
  expect(compare('x', [1.0005, -2], [1, -2], tight)).toMatchObject({ passed: true });
  expect(compare('x', [1.0005], [1], tight).worst).toBeCloseTo(0.5, 6);
  expect(compare('x', [103], [100], { atol: 1, rtol: 0.01 }).worst).toBeCloseTo(1.5, 6);
});

test.each([
  ['NaN', [NaN]],
  ['infinity', [Infinity]],
  ['another count', [1, 1]],
])('%s fails', (_what, mine) => {
  expect(compare('x', mine, [1], tight)).toMatchObject({ passed: false });
});

test('a state may have single elements off by two learning rates, if it agrees as a whole', () => {
  expect(compare('x', replaced(3, 1.05), reference, tight).passed).toBe(false);
  expect(compare('x', replaced(3, 1.05), reference, state)).toMatchObject({ passed: true, note: 'by L2' }); // distance 0.005
  expect(compare('x', replaced(3, 1.2), reference, state).passed).toBe(false); // beyond two learning rates
  expect(
    compare(
      'x',
      reference.map((one) => one * 1.02),
      reference,
      state,
    ).passed,
  ).toBe(false); // all of it is off
});

test('nested numbers are found by their path', () => {
  expect([...flatten({ a: [1, 2], 'b.c': { d: 3 } }, 's')]).toEqual([['s.a.0', 1], ['s.a.1', 2], ['s.b.c.d', 3]]); // prettier-ignore
});
