import { expect, test } from 'vitest';
import {
  LONGEST,
  marks,
  movedBy,
  placeOf,
  pointedAt,
  SHORTEST,
  sigmaAt,
} from '../../../../renderer/pages/ema-lab/scale.ts';

const stored = [0.05, 0.1];
const press = (key: string, sigmaRel: number, shiftKey = false): number | null =>
  movedBy({ key, shiftKey }, sigmaRel, stored);

test('the line is logarithmic: equal ratios are equally far apart, and its ends are 0 and 1', () => {
  expect(placeOf(SHORTEST)).toBe(0);
  expect(placeOf(LONGEST)).toBe(1);
  expect(placeOf(0.04) - placeOf(0.02)).toBeCloseTo(placeOf(0.2) - placeOf(0.1), 12);
});

test.each([0.01, 0.015, 0.05, 0.123, 0.2, 0.28])('σ_rel %f is found again at its own place', (sigmaRel) => {
  expect(sigmaAt(placeOf(sigmaRel))).toBe(sigmaRel);
});

test('a length beyond the ends stands at the end, and every mark stands on the line', () => {
  expect(placeOf(0.001)).toBe(0);
  expect(placeOf(0.2886)).toBe(1);
  expect(marks.every((mark) => mark >= SHORTEST && mark <= LONGEST)).toBe(true);
});

test('a pointer near a stored length means it exactly; farther off it means what it points at', () => {
  expect(pointedAt(placeOf(0.1015), stored)).toBe(0.1);
  expect(pointedAt(placeOf(0.105), stored)).toBe(0.105);
  expect(pointedAt(placeOf(0.0505), [0.05, 0.051])).toBe(0.051); // the nearer one, on the logarithmic line
});

test('arrows always move, by less than 3 %, and ten times as far with Shift', () => {
  for (const sigmaRel of [0.01, 0.02, 0.05, 0.1, 0.25]) {
    const right = press('ArrowRight', sigmaRel)!;
    expect(right).toBeGreaterThan(sigmaRel);
    expect(right / sigmaRel).toBeLessThan(1.03);
    expect(press('ArrowRight', sigmaRel, true)! / sigmaRel).toBeGreaterThan(Math.min(1.15, LONGEST / sigmaRel - 0.01));
  }
  expect(press('ArrowLeft', 0.1)).toBeLessThan(0.1);
});

test('arrows stop at the ends of the line and leave a length beyond them where it is', () => {
  expect(press('ArrowRight', LONGEST)).toBe(LONGEST);
  expect(press('ArrowLeft', SHORTEST)).toBe(SHORTEST);
  expect(press('ArrowRight', 0.2886)).toBe(0.2886);
  expect(press('ArrowLeft', 0.005)).toBe(0.005);
  expect(press('ArrowRight', 0.005)!).toBeGreaterThan(0.005);
});

test('page keys go from stored length to stored length, then to the end', () => {
  expect(press('PageUp', 0.02)).toBe(0.05);
  expect(press('PageUp', 0.05)).toBe(0.1);
  expect(press('PageUp', 0.1)).toBe(LONGEST);
  expect(press('PageDown', 0.1)).toBe(0.05);
  expect(press('PageDown', 0.05)).toBe(SHORTEST);
  expect([press('Home', 0.1), press('End', 0.1), press('a', 0.1)]).toEqual([SHORTEST, LONGEST, null]);
});
