import { expect, test } from 'vitest';
import {
  averageName,
  bytes,
  duration,
  emaLength,
  exactImages,
  exactImagesOf,
  images,
  imagesApart,
  imagesOf,
  imagesTick,
  number,
  parameters,
  speed,
  steady,
} from '../../contract/units.ts';

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
  [512, '512 images'],
  [35_008, '35.0 kimg'],
  [999_700, '1.00 Mimg'],
  [1_310_000, '1.31 Mimg'],
])('%i training images are written with their unit', (value, text) => {
  expect(images(value)).toBe(text);
});

test('a share of images names the unit once where both have the same', () => {
  expect(imagesOf(12_300, 35_000)).toBe('12.3 of 35.0 kimg');
  expect(imagesOf(512, 35_000)).toBe('512 images of 35.0 kimg');
  expect(imagesOf(35_008, 35_000)).toBe('35.0 kimg'); // the last batch may go beyond the goal
  expect(imagesOf(128, 100)).toBe('128 images');
});

test('moments that would read the same are told apart to the last image', () => {
  expect(imagesApart([426_496, 425_984, 4096])).toEqual(['426,496 images', '425,984 images', '4.10 kimg']);
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

test('speed and network size carry their units', () => {
  expect(speed(61.42)).toBe('61.4 img/s');
  expect(parameters(1_250_000)).toBe('1.25 M');
});

test('the count of one image is told to the last, with separators', () => {
  expect([1, 35_008, 1_310_000].map(exactImages)).toEqual(['1 image', '35,008 images', '1,310,000 images']);
  expect(exactImagesOf(12_288, 35_008)).toBe('12,288 of 35,008 images');
});

test('the length of an average has a name of its own, as σ alone is a noise level', () => {
  expect([0.1, 0.0712, 1 / Math.sqrt(12)].map(emaLength)).toEqual(['σ_rel 0.1', 'σ_rel 0.0712', 'σ_rel 0.288675']);
});

test('averages whose moments read the same get names that differ', () => {
  expect(averageName(0.1, 426_496)).toBe('σ_rel 0.1 at 426,496 images');
  expect(averageName(0.1, 425_984)).not.toBe(averageName(0.1, 426_496));
});
