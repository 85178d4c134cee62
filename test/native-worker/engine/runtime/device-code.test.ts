import { expect, test } from 'vitest';
import { codeFor, readDeviceCode } from '../../../../native-worker/engine/runtime/device-code.ts';
import { readLock } from '../../../../native-worker/engine/runtime/lock.ts';

const code = readDeviceCode();

test('what was read of the library is of the TensorFlow that is locked', () => {
  expect(code.tensorflow).toBe(readLock('cuda12', 'linux-x64').version);
  expect(code.machineCode).toEqual(['6.0', '7.0', '8.0', '8.9', '9.0']);
  expect(code.portable).toEqual(['9.0']);
  expect(Object.keys(code.kernels).length).toBeGreaterThan(500);
  expect(code.kernels.Conv2D).toEqual([{ T: expect.arrayContaining(['FLOAT', 'HALF', 'BFLOAT16']) as string[] }]);
});

test.each([
  ['5.2', 'none'],
  ['6.1', 'compiled'], // of 6.0
  ['7.5', 'compiled'],
  ['8.6', 'compiled'],
  ['8.9', 'compiled'],
  ['9.0', 'compiled'],
  ['10.0', 'portable'], // of 9.0
  ['12.0', 'portable'],
])('a card of compute capability %s runs code that is: %s', (capability, expected) => {
  expect(codeFor(capability, code)).toBe(expected);
});
