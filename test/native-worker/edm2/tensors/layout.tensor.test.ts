import { expect, test } from 'vitest';
import { networkStacks } from '../../../../native-worker/edm2/network/network.ts';
import { takeApart } from '../../../../native-worker/edm2/network/stacks.ts';
import { initialNetwork, initialState } from '../../../../native-worker/edm2/training/state.ts';
import {
  buffersFrom,
  fromOfficial,
  officialTensors,
  oneHot,
  parametersFrom,
  toOfficial,
  toOfficialNumbers,
  type OfficialTensor,
} from '../../../../native-worker/edm2/tensors/layout.ts';
import { decodePixels, encodePixels } from '../../../../native-worker/edm2/tensors/pixels.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { rmsOf, source, tinyPlan } from '../support.ts';

const plan = tinyPlan();
const state = initialNetwork(plan, source(1));
const files = [...officialTensors(state.parameters), ...officialTensors(state.buffers)];
const read = (name: string): OfficialTensor | null => files.find((file) => file.name === name) ?? null;

test('tensors leave and come back with official names and shapes, unchanged', () => {
  expect(files.map(({ name, shape }) => [name, shape])).toEqual(
    [...plan.parameters, ...plan.buffers].map(({ name, shape }) => [name, shape]),
  );
  for (const [name, value] of Object.entries({ ...parametersFrom(plan, read), ...buffersFrom(plan, read) })) {
    const before = { ...state.parameters, ...state.buffers }[name]!;
    expect(value.shape).toEqual(before.shape);
    expect([...value.dataSync()]).toEqual([...before.dataSync()]);
  }
});

test('an official filter [out, in, row, column] becomes [row, column, in, out]', () => {
  const official = tf.tensor4d(
    Array.from({ length: 2 * 3 * 5 * 5 }, (_, i) => i),
    [2, 3, 5, 5],
  );
  const ours = fromOfficial(official).arraySync() as number[][][][];
  const theirs = official.arraySync();
  expect(ours[4]![1]![2]![0]).toBe(theirs[0]![2]![4]![1]);
});

test('numbers on the host are sorted as tensors are', () => {
  for (const shape of [[3, 3, 5, 37], [1, 1, 20, 16], [7, 33], [4], []]) {
    const tensor = tf.randomNormal(shape);
    const official = toOfficial(tensor);
    const numbers = toOfficialNumbers(shape, tensor.dataSync<'float32'>());
    expect(numbers.shape).toEqual(official.shape);
    expect([...numbers.data]).toEqual([...official.dataSync()]);
  }
});

test('a missing or misshapen tensor is refused by name', () => {
  expect(() => parametersFrom(plan, (name) => (name === 'unet.out_gain' ? null : read(name)))).toThrow(
    /no tensor "unet.out_gain"/,
  );
  const wrong = { shape: [2], data: new Float32Array(2) };
  expect(() => parametersFrom(plan, (name) => (name === 'unet.out_gain' ? wrong : read(name)))).toThrow(
    /"unet.out_gain" is \[2\]/,
  );
});

test('a fresh network has unit weights, zero gains, and averages equal to the weights', () => {
  expect(rmsOf(state.parameters['unet.dec.4x4_block0.conv_res0.weight']!)).toBeCloseTo(1, 1);
  expect(state.parameters['unet.out_gain']!.dataSync()[0]).toBe(0);
  expect(rmsOf(state.buffers['logvar_fourier.freqs']!) / (2 * Math.PI)).toBeGreaterThan(0.8);
  const stacks = initialState(plan, 2, source(1));
  const average = takeApart(networkStacks(plan), stacks.averages[1]!)['unet.emb_noise.weight']!;
  expect([...average.dataSync()]).toEqual([...state.parameters['unet.emb_noise.weight']!.dataSync()]);
});

test('classes become one-hot rows, no class a row of zeros', () => {
  expect(oneHot([1, null, -1], 2)!.arraySync()).toEqual([[0, 1], [0, 0], [0, 0]]); // prettier-ignore
  expect(oneHot([null], 0)).toBeNull();
  expect(() => oneHot([2], 2)).toThrow(/Class 2 does not exist/);
});

test('every pixel value survives encoding and decoding', () => {
  const pixels = Array.from({ length: 256 }, (_, value) => value);
  expect([...decodePixels(encodePixels(tf.tensor1d(pixels, 'int32'))).dataSync()]).toEqual(pixels);
  expect([...decodePixels(tf.tensor1d([-9, 9])).dataSync()]).toEqual([0, 255]);
});
