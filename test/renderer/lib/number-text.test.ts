import { expect, test } from 'vitest';
import { readNumber } from '../../../contract/number-text.ts';
import { parseNumber, rangeText } from '../../../renderer/lib/components/number-text.ts';

const any = { min: -Infinity, max: Infinity, integer: false, nullable: false };

test.each([
  ['0.01', 0.01],
  ['1e-3', 0.001],
  ['35,008', 35_008],
  ['35008', 35_008],
  ['1,400', 1400],
  ['1,000,000', 1e6],
  ['35,008.5', 35_008.5],
  ['35 008', 35_008],
  ['10_000_000', 1e7],
  ['1e-8', 1e-8],
  ['.5', 0.5],
  ['35k', 35_000],
  ['4M', 4e6],
  ['4m', 4e6],
  ['4Mi', 4 * 2 ** 20],
  ['0.5 Gi', 2 ** 29],
  ['12k', 12_000],
  ['1.5M', 1_500_000],
  [' -2 ', -2],
])('“%s” is read as a number', (text, value) => {
  expect(parseNumber(text, any)).toEqual({ value, error: null });
});

test.each(['', 'abc', '1.2.3', '0x10', 'Infinity', 'NaN', '12x', '1e999', '--1', '1.000.000', '12 34', '１'])(
  '“%s” is refused with a reason',
  (text) => {
    expect(readNumber(text)).toBeNull();
    expect(parseNumber(text, any).error).toMatch(/\.$/);
  },
);

test.each(['0,05', '0,005', '0,050', '0,500', '-0,800', '1,5', '1,00', '12,34', '1,0000', '1,000,00'])(
  'a decimal comma, “%s”, is refused and not read as thousands',
  (text) => {
    expect(parseNumber(text, any).error).toBe(`“${text}” is not a number; write decimals with a point.`);
  },
);

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
