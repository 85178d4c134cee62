import { expect, test } from 'vitest';
import type { PackedDataset } from '../../../native-worker/data/dataset-file.ts';
import { splitPictures } from '../../../native-worker/data/split.ts';

/** Pictures of 2×2 grey pixels. */
function datasetOf(pictures: readonly (readonly number[])[]): PackedDataset {
  return {
    ...{ count: pictures.length, resolution: 2, channels: 1 },
    readPictures: (indices: ArrayLike<number>, into: Uint8Array) => into.set(pictures[indices[0]!]!),
  } as unknown as PackedDataset;
}

const picture = (index: number): number[] => [index, index >> 8, 7, 9];
const many = Array.from({ length: 500 }, (_, index) => picture(index));

test('pictures are trained on or held out, each one of both', () => {
  const { heldOut, training, known } = splitPictures(datasetOf(many), 50, 80);
  expect(heldOut).toHaveLength(50);
  expect([...heldOut, ...training!].sort((a, b) => a - b)).toEqual(many.map((_, index) => index));
  expect([...training!]).toEqual([...training!].sort((a, b) => a - b));
  expect(known).toHaveLength(80);
  expect(known.every((index) => training!.includes(index))).toBe(true);
  expect(new Set(known).size).toBe(80);
});

test('the same pictures are held out in whatever order they come', () => {
  const turned = [...many].reverse();
  const pixelsOf = (pictures: readonly number[][], indices: Int32Array): string[] =>
    [...indices].map((index) => pictures[index]!.join(' '));
  const [a, b] = [splitPictures(datasetOf(many), 50, 80), splitPictures(datasetOf(turned), 50, 80)];
  expect(pixelsOf(turned, b.heldOut)).toEqual(pixelsOf(many, a.heldOut));
  expect(pixelsOf(turned, b.known)).toEqual(pixelsOf(many, a.known));
});

test('they are from all over the dataset', () => {
  const { heldOut } = splitPictures(datasetOf(many), 50, 0);
  const mean = heldOut.reduce((sum, index) => sum + index, 0) / 50;
  expect(mean).toBeGreaterThan(180); // 249.5 ± 20.4
  expect(mean).toBeLessThan(320);
});

test('equal pictures stay together, so that none is learned and held out', () => {
  for (let wanted = 1; wanted <= 40; wanted += 1) {
    const twice = Array.from({ length: 90 }, (_, index) => picture(Math.floor(index / 3)));
    const { heldOut, training } = splitPictures(datasetOf(twice), wanted, 0);
    const learned = new Set([...(training ?? twice.map((_, index) => index))].map((index) => twice[index]![0]));
    expect([...heldOut].some((index) => learned.has(twice[index]![0]))).toBe(false);
    expect(heldOut.length).toBe(wanted - (wanted % 3));
  }
});

test('where nothing is held out all are trained on, in their order', () => {
  expect(splitPictures(datasetOf(many), 0, 3)).toMatchObject({ training: null });
  expect(splitPictures(datasetOf(many), 0, 3).heldOut).toHaveLength(0);
  expect(splitPictures(datasetOf([picture(1), picture(2)]), 0, 128).known).toHaveLength(2);
});
