import { expect, test } from 'vitest';
import {
  bytes,
  duration,
  images,
  imagesApart,
  imagesOf,
  imagesTick,
  number,
  parameters,
  percent,
  speed,
  steady,
  when,
} from '../../../renderer/lib/format.ts';

test.each([
  [0.1 + 0.2, '0.3'],
  [0.012345, '0.0123'],
  [1234.5, '1,230'],
  [0, '0'],
  [1.25e-7, '1.25e-7'],
  [null, '–'],
  [Number.NaN, '–'],
])('%f is written with three significant digits', (value, text) => {
  expect(number(value)).toBe(text);
});

test.each([
  [61.42, '61.4'],
  [5, '5.00'],
  [123.4, '123'],
  [1234, '1,234'],
  [99.96, '100'],
  [0.0001234, '0.000123'],
])('%f keeps its length when it changes in place', (value, text) => {
  expect(steady(value)).toBe(text);
});

test.each([
  [512, '512 img'],
  [35_008, '35.0 kimg'],
  [999_700, '1.00 Mimg'],
  [1_310_000, '1.31 Mimg'],
])('%i training images are written with their unit', (value, text) => {
  expect(images(value)).toBe(text);
});

test('a share of images names the unit once where both have the same', () => {
  expect(imagesOf(12_300, 35_000)).toBe('12.3 of 35.0 kimg');
  expect(imagesOf(512, 35_000)).toBe('512 img of 35.0 kimg');
  expect(imagesOf(35_008, 35_000)).toBe('35.0 kimg'); // the last batch may go beyond the goal
  expect(imagesOf(128, 100)).toBe('128 img');
});

test('moments that would read the same are told apart to the last image', () => {
  expect(imagesApart([426_496, 425_984, 4096])).toEqual(['426,496 img', '425,984 img', '4.10 kimg']);
});

test('ticks of an image axis are short', () => {
  expect([0, 500, 12_000, 1_250_000, 2 ** 30].map(imagesTick)).toEqual(['0', '500', '12k', '1.25M', '1.07G']);
});

test.each([
  [0.4, 'under 1 s'],
  [59.6, '1 min'],
  [200, '3 min 20 s'],
  [11_520, '3 h 12 min'],
  [187_200, '2 d 4 h'],
  [7200, '2 h'],
])('%f seconds are written in their two largest units', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test.each([
  [999, '999 B'],
  [238_000_000, '238 MB'],
  [1_500_000_000, '1.50 GB'],
  [999_900, '1.00 MB'],
])('%i bytes are written in powers of 1000', (value, text) => {
  expect(bytes(value)).toBe(text);
});

test('a share is 100 % only when all is done', () => {
  expect(percent(34_999, 35_000)).toBe('99 %');
  expect(percent(35_000, 35_000)).toBe('100 %');
});

test('speed and network size carry their units', () => {
  expect(speed(61.42)).toBe('61.4 img/s');
  expect(parameters(1_250_000)).toBe('1.25 M');
});

test('a time of today is hours and minutes, of an earlier day has the day', () => {
  const now = new Date(2026, 10, 23, 15, 0).getTime();
  expect(when(new Date(2026, 10, 23, 14, 2).getTime(), now)).toBe('14:02');
  expect(when(new Date(2026, 10, 22, 14, 2).getTime(), now)).toBe('yesterday 14:02');
  expect(when(new Date(2026, 10, 12, 14, 2).getTime(), now)).toBe('12 Nov 14:02');
  expect(when(new Date(2025, 10, 12, 14, 2).getTime(), now)).toBe('12 Nov 2025');
});
