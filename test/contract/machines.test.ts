import { expect, test } from 'vitest';
import { checkAcross, checkOffer, devicesWithout, type Across, type MachineOffer } from '../../contract/machines.ts';
import { commonSupport, type PrecisionSupport } from '../../contract/precision.ts';

const across: Across = { listen: 'here:7900', stepSeconds: null, goOnWithout: true };

test.each([
  [['cpu:0', 'box:1/cpu:0'], 8, 'box:1', ['cpu:0']],
  [
    ['gpu:0', 'gpu:1', 'box:1/gpu:0', 'box:1/gpu:1', 'c:1/gpu:0'],
    8,
    'c:1',
    ['gpu:0', 'gpu:1', 'box:1/gpu:0', 'box:1/gpu:1'],
  ],
  // Three are left, and eight pictures can't be shared out over three.
  [['gpu:0', 'box:1/gpu:0', 'box:1/gpu:1', 'c:1/gpu:0'], 8, 'c:1', ['gpu:0', 'box:1/gpu:0']],
] as const)('of %j and a batch of %i without %s %j are left', (devices, batchSize, machine, left) => {
  expect(devicesWithout({ devices: [...devices], across }, batchSize, machine)).toEqual(left);
});

test('a run waits unless it is to go on without a machine, and where none can be named', () => {
  const devices = ['cpu:0', 'box:1/cpu:0'];
  expect(devicesWithout({ devices, across: { ...across, goOnWithout: false } }, 8, 'box:1')).toBeNull();
  expect(devicesWithout({ devices, across }, 8, null)).toBeNull();
});

test('other machines must know how to reach this one', () => {
  checkAcross(['gpu:0'], null);
  checkAcross(null, null);
  checkAcross(['gpu:0', 'box:1/gpu:0'], across);
  expect(() => checkAcross(['gpu:0', 'box:1/gpu:0'], null)).toThrow(/must reach this one/);
});

const good = (
  precision: PrecisionSupport['precision'],
  status: PrecisionSupport['status'] = 'good',
): PrecisionSupport => ({
  precision,
  status,
  reason: `It is ${status}.`,
});
const offered = (device: string, precisions: PrecisionSupport[]): MachineOffer['devices'][number] => ({
  ...{ device, name: device.toUpperCase(), bytes: 8e9, freeBytes: null, precisions },
});
const box: MachineOffer = {
  ...{ hostname: 'box', tensorflow: '2.21.0', busy: false },
  devices: [offered('gpu:0', [good('fp32'), good('fp16')]), offered('cpu:0', [good('fp32'), good('fp16', 'none')])],
};

test('what a machine doesn’t have, or can’t compute in, is refused with what there is', () => {
  checkOffer('box:1', box, ['gpu:0'], 'fp16');
  checkOffer('box:1', box, ['cpu:0', 'cpu:1', 'cpu:2'], 'fp32');
  expect(() => checkOffer('box:1', box, ['gpu:1'], 'fp32')).toThrow(
    'There is no box:1/gpu:1: there is gpu:0 (GPU:0), cpu:0 (CPU:0).',
  );
  expect(() => checkOffer('box:1', box, ['cpu:0'], 'fp16')).toThrow('box:1/cpu:0 can’t compute in fp16. It is none.');
});

test('of several devices the one that makes least of a precision counts', () => {
  const both = commonSupport([
    [good('fp32'), good('bf16', 'slow')],
    [good('fp32'), good('bf16', 'none')],
    [good('fp32'), good('bf16')],
  ]);
  expect(both.map(({ status }) => status)).toEqual(['good', 'none']);
  expect(commonSupport([[good('fp32')]])).toEqual([good('fp32')]);
});
