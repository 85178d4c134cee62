import { expect, test } from 'vitest';
import { parseNumber, rangeText } from '../../../renderer/lib/components/number-text.ts';

const any = { min: -Infinity, max: Infinity, integer: false, nullable: false };

test.each([
  ['0.01', 0.01],
  ['1e-3', 0.001],
  ['35,008', 35_008],
  ['12k', 12_000],
  ['1.5M', 1_500_000],
  [' -2 ', -2],
])('“%s” is read as a number', (text, value) => {
  expect(parseNumber(text, any)).toEqual({ value, error: null });
});

test.each(['', 'abc', '1,5', '1.2.3', '0x10', 'Infinity'])('“%s” is refused with a reason', (text) => {
  expect(parseNumber(text, any).error).toMatch(/\.$/);
});

test('an empty field means null only where that is allowed', () => {
  expect(parseNumber('', { ...any, nullable: true })).toEqual({ value: null, error: null });
});

test('a number outside the range or not whole names the rule it breaks', () => {
  expect(parseNumber('5000', { ...any, min: 1, max: 4096 }).error).toBe('Must be 1 to 4,096.');
  expect(parseNumber('1.5', { ...any, integer: true }).error).toBe('A whole number is needed here.');
});

test('a range is written in words', () => {
  expect([rangeText(0, 1), rangeText(1, Infinity), rangeText(-Infinity, Infinity)]).toEqual([
    '0 to 1',
    'at least 1',
    '',
  ]);
});
