import { expect, test } from 'vitest';
import {
  byMachine,
  cardsOf,
  checkOwn,
  checkSharing,
  compiledOn,
  Devices,
  hostOfAddress,
  inTowerOrder,
  MachineAddress,
  machinesOf,
  portOf,
  serverAddress,
  shareOn,
} from '../../contract/devices.ts';
import { imagesAtOnceOn, shareOf, sharesProblem } from '../../contract/micro-batch.ts';

test.each([
  ['gpu:0'],
  ['gpu:3,gpu:1'],
  ['cpu:0'],
  ['cpu:1,cpu:0'],
  ['gpu:12'],
  ['gpu:1,gpu-box:7900/gpu:1'],
  ['cpu:0,10.0.0.7:7900/cpu:0,10.0.0.7:7900/cpu:1'],
  ['gpu:0,[fe80::1]:7900/gpu:0,node_4.cluster:1/gpu:0'],
])('%s can share a batch', (text) => {
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
  ['box:7900/gpu:0,gpu:0', 'the first device is one of this machine'],
  ['cpu:0,box:7900/cpu:1', 'counted from cpu:0 on: box:7900/cpu:0'],
  ['gpu:0,box:7900/cpu:0', 'name one kind'],
  ['gpu:0,box/gpu:0', 'a device is gpu:N'],
  ['gpu:0,-box:7900/gpu:0', 'a device is gpu:N'],
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

test('devices of other machines are told from those of this one', () => {
  const devices = ['cpu:0', 'box:7900/cpu:0', 'cpu:1', 'other:80/cpu:0', 'box:7900/cpu:1'];
  expect(byMachine(devices)).toEqual([
    { machine: null, parts: ['cpu:0', 'cpu:1'] },
    { machine: 'box:7900', parts: ['cpu:0', 'cpu:1'] },
    { machine: 'other:80', parts: ['cpu:0'] },
  ]);
  expect(machinesOf(devices)).toEqual(['box:7900', 'other:80']);
  expect(inTowerOrder(devices)).toEqual(['cpu:0', 'cpu:1', 'box:7900/cpu:0', 'box:7900/cpu:1', 'other:80/cpu:0']);
  expect(cardsOf(['gpu:3', 'box:7900/gpu:1'])).toEqual([3]);
  // A batch of 20 over five, and two of them share this machine's memory.
  expect(shareOn({ batchSize: 20, microBatch: null }, devices)).toMatchObject({ training: { batchSize: 4 }, parts: 2 });
  expect(() => checkOwn(devices)).toThrow('Other machines only train with this one: leave box:7900/cpu:0 out.');
  checkOwn(['cpu:0', 'cpu:1']);
});

test.each([
  ['box:7900', 'box', 7900, 'box:7901'],
  ['[fe80::1]:80', 'fe80::1', 80, '[fe80::1]:81'],
])('%s has a host and a port, and its server of TensorFlow the one behind', (address, host, port, server) => {
  expect([hostOfAddress(address), portOf(address), serverAddress(address)]).toEqual([host, port, server]);
});

test.each([['box'], ['box:0'], ['box:65535'], ['Box:1'], ['box:1/'], ['a b:1'], [':7900']])(
  '%s is no address',
  (text) => {
    expect(MachineAddress.safeParse(text).success).toBe(false);
  },
);
