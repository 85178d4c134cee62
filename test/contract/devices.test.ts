import { expect, test } from 'vitest';
import { cardsOf, checkSharing, compiledOn, Devices, shareOn } from '../../contract/devices.ts';
import { imagesAtOnceOn, shareOf, sharesProblem } from '../../contract/micro-batch.ts';

test.each([['gpu:0'], ['gpu:3,gpu:1'], ['cpu:0'], ['cpu:1,cpu:0'], ['gpu:12']])('%s can share a batch', (text) => {
  expect(Devices.parse(text.split(','))).toEqual(text.split(','));
});

test.each([
  ['gpu:0,gpu:0', 'a device is named twice'],
  ['gpu:0,cpu:0', 'name one kind'],
  ['cpu:1', 'parts of the processor are counted from cpu:0 on: cpu:0'],
  ['cpu:0,cpu:2', 'counted from cpu:0 on: cpu:0,cpu:1'],
  ['gpu:00', 'a device is gpu:N'],
  ['GPU:0', 'a device is gpu:N'],
  ['gpu', 'a device is gpu:N'],
])('%s can not: %s', (text, reason) => {
  expect(Devices.safeParse(text.split(',')).error?.issues[0]?.message).toContain(reason);
});

test('cards are told from parts of the processor', () => {
  expect(cardsOf(['gpu:3', 'gpu:1'])).toEqual([3, 1]);
  expect(cardsOf(['cpu:0', 'cpu:1'])).toEqual([]);
});

test.each([
  [32, 3, 'a batch of 32 can’t be shared out evenly over 3 devices; it can over 2, 4 or one'],
  [12, 8, 'a batch of 12 can’t be shared out evenly over 8 devices; it can over 2, 3, 4, 6, 12 or one'],
  [7, 2, 'a batch of 7 can’t be shared out evenly over 2 devices; it can over 7 or one'],
])('a batch of %i over %i devices is refused with what can be', (batchSize, devices, sentence) => {
  expect(sharesProblem({ batchSize }, devices)).toBe(sentence);
  const names = Array.from({ length: devices }, (_, index) => `gpu:${index}`);
  expect(() => checkSharing(names, batchSize, 'graph')).toThrow(`A${sentence.slice(1)}.`);
});

test('one device, or none named, is asked nothing; op by op there is one', () => {
  checkSharing(null, 7, 'eager');
  checkSharing(['gpu:1'], 7, 'eager');
  checkSharing(['cpu:0', 'cpu:1'], 8, 'graph');
  expect(() => checkSharing(['cpu:0', 'cpu:1'], 8, 'eager')).toThrow(/Op by op/);
});

test('of each device there is its share; parts of the processor share its memory, and XLA compiles on one card', () => {
  const training = { batchSize: 32, microBatch: 16 };
  expect(shareOn(training, ['gpu:0', 'gpu:1', 'gpu:2', 'gpu:3'])).toEqual({
    ...{ training: { batchSize: 8, microBatch: 8 }, parts: 1 },
  });
  expect(shareOn(training, ['cpu:0', 'cpu:1'])).toEqual({ training: { batchSize: 16, microBatch: 16 }, parts: 2 });
  expect(shareOn(training, null)).toEqual({ training, parts: 1 });
  expect(compiledOn(null, 'network')).toBe('network');
  expect(compiledOn(['gpu:1'], 'network')).toBe('network');
  for (const devices of [['gpu:0', 'gpu:1'], ['cpu:0'], ['cpu:0', 'cpu:1']]) {
    expect(compiledOn(devices, 'network')).toBe('none');
  }
});

test.each([
  [{ batchSize: 32, microBatch: null }, 2, 16],
  [{ batchSize: 32, microBatch: 8 }, 2, 8],
  [{ batchSize: 32, microBatch: 16 }, 4, 8],
  [{ batchSize: 24, microBatch: 8 }, 2, 6],
  [{ batchSize: 32, microBatch: 16 }, 1, 16],
])('of %j each of %i devices takes %i at once', (batches, devices, images) => {
  expect(imagesAtOnceOn(batches, devices)).toBe(images);
  const share = shareOf(batches, devices);
  expect(share.batchSize * devices).toBe(batches.batchSize);
  expect(share.batchSize % (share.microBatch ?? share.batchSize)).toBe(0);
});
