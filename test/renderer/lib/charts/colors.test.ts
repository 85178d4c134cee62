import { expect, test } from 'vitest';
import { divergingScale, octavesFor, sequentialScale } from '../../../../renderer/lib/charts/color-map.ts';
import { heatCells, layerGroups, paintHeat, shortLayer } from '../../../../renderer/lib/charts/heat-image.ts';

const hatch = {
  colors: [
    [200, 0, 0],
    [9, 9, 9],
  ],
  quiet: false,
} as const;

test('cividis grows lighter from end to end', () => {
  const scale = sequentialScale(0, 1);
  const light = Array.from({ length: 21 }, (_, index) => {
    const [red, green, blue] = scale.color(index / 20);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  });
  expect(light.every((value, index) => index === 0 || value > light[index - 1]!)).toBe(true);
});

test('a doubling and a halving are equally far from the middle colour', () => {
  const scale = divergingScale(2, 'light');
  expect([scale.low, scale.high, scale.at(0.5)]).toEqual([0.25, 4, 1]);
  expect(scale.color(1)).toEqual(scale.color(scale.at(0.5)));
  expect(scale.color(2)).not.toEqual(scale.color(0.5));
  expect(scale.color(1e9)).toEqual(scale.color(4));
});

test.each([
  [{ min: 0.95, max: 1.05 }, 0.25],
  [{ min: 0.7, max: 1.1 }, 1],
  [{ min: 1, max: 3.9 }, 2],
])('%o gets the narrowest round scale that holds it', (range, octaves) => {
  expect(octavesFor(range)).toBe(octaves);
});

test('a pixel shows the moment nearest to it, and nothing is painted after the last', () => {
  const scale = sequentialScale(0, 1);
  const table = { nimg: [0, 50], values: [[0, 1]] };
  const pixels = paintHeat(heatCells(table, scale, hatch), 10, { from: 0, to: 100 });
  const pixel = (x: number): number[] => [...pixels.slice(x * 4, x * 4 + 4)];
  expect(pixel(0)).toEqual([...scale.color(0), 255]);
  expect(pixel(4)).toEqual([...scale.color(1), 255]);
  expect(pixel(9)).toEqual([0, 0, 0, 0]);
});

test('cells that are not finite are hatched in both colours', () => {
  const pixels = paintHeat(heatCells({ nimg: [100], values: [[null]] }, sequentialScale(0, 1), hatch), 8, {
    from: 0,
    to: 100,
  });
  expect(new Set([0, 4].map((x) => pixels[x * 4]))).toEqual(new Set([200, 9]));
});

test('a row that is not there stays clear', () => {
  const table = { nimg: [0, 50], values: [[], [null, 1]] };
  const pixels = paintHeat(heatCells(table, sequentialScale(0, 1), hatch), 1, { from: 0, to: 50 });
  expect([pixels[3], pixels[7]]).toEqual([0, 255]);
});

test('of many moments in a pixel the most extreme is painted, in either direction, and one that is not finite', () => {
  const count = 100_000;
  const scale = sequentialScale(0, 10);
  const row = (at: number, value: number | null) => Array.from({ length: count }, (_, x) => (x === at ? value : 5));
  const nimg = Array.from({ length: count }, (_, x) => x + 1);
  const values = [row(31_415, 10), row(99_999, 0), row(0, null), row(50_000, null)];
  const pixels = paintHeat(heatCells({ nimg, values }, scale, hatch), 200, { from: 0, to: count });
  const pixel = (x: number, y: number): number[] => [...pixels.slice((y * 200 + x) * 4, (y * 200 + x) * 4 + 3)];
  expect([pixel(62, 0), pixel(61, 0), pixel(63, 0)]).toEqual([scale.color(10), scale.color(5), scale.color(5)]);
  expect([pixel(199, 1), pixel(198, 1)]).toEqual([scale.color(0), scale.color(5)]);
  expect([9, 200]).toContain(pixel(0, 2)[0]);
  expect([9, 200]).toContain(pixel(100, 3)[0]);
  const quietly = heatCells({ nimg, values: [row(50_000, null)] }, scale, { ...hatch, quiet: true });
  const quiet = paintHeat(quietly, 200, { from: 0, to: count });
  expect([...quiet.slice(400, 403)]).toEqual(scale.color(5));
});

test('layers are grouped by the part of the network they are in', () => {
  const layers = ['unet.enc.32x32_conv', 'unet.enc.32x32_block0', 'unet.dec.8x8_in0', 'unet.out_conv'];
  expect(layerGroups(layers)).toEqual([
    { label: 'Enc 32', first: 0, count: 2 },
    { label: 'Dec 8', first: 2, count: 1 },
    { label: 'Other', first: 3, count: 1 },
  ]);
  expect(shortLayer('unet.enc.32x32_block0.conv_res0')).toBe('enc.32x32_block0.conv_res0');
});

test('rows of buckets are grouped as layers are, and noise levels by their powers of ten', () => {
  const labels = (rows: string[]) => layerGroups(rows).map(({ label, count }) => [label, count]);
  expect(labels(['Enc 32×32', 'Enc 16×16', 'Dec 16×16'])).toEqual([
    ['Enc 32', 1],
    ['Enc 16', 1],
    ['Dec 16', 1],
  ]);
  expect(labels(['0.00249', '0.00387', '0.0145', '0.92', '1.43', '64.2'])).toEqual([
    ['σ 0.001', 2],
    ['σ 0.01', 1],
    ['σ 0.1', 1],
    ['σ 1', 1],
    ['σ 10', 1],
  ]);
});
