import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AppError } from '../../../../contract/errors.ts';
import { tensorflowLibrary } from '../../../../native-worker/engine/session/library.ts';
import { tensorflowError } from '../../../../native-worker/engine/session/tensorflow-error.ts';

test.each([
  ['linux', 'LD_LIBRARY_PATH', 'libtensorflow_cc.so.2'],
  ['darwin', 'DYLD_LIBRARY_PATH', 'libtensorflow_cc.2.dylib'],
] as const)('on %s the library is the first on the library path', (platform, variable, name) => {
  const folder = mkdtempSync(join(tmpdir(), 'edm2-libraries-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const part of ['empty', 'first', 'second']) mkdirSync(join(folder, part));
  for (const part of ['first', 'second']) writeFileSync(join(folder, part, name), '');
  const path = ['empty', 'first', 'second'].map((part) => join(folder, part)).join(':');
  expect(tensorflowLibrary({ [variable]: path }, platform)).toBe(join(folder, 'first', name));
});

test('without a runtime on the library path it says what to do', () => {
  expect(() => tensorflowLibrary({ LD_LIBRARY_PATH: '/nowhere' }, 'linux')).toThrow(AppError);
  expect(() => tensorflowLibrary({}, 'linux')).toThrow(/libtensorflow_cc\.so\.2 .* run "npm run setup"/);
});

test('an error of TensorFlow has its code by name', () => {
  expect(tensorflowError(8, 'OOM when allocating tensor')).toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    message: 'RESOURCE_EXHAUSTED: OOM when allocating tensor',
  });
  expect(tensorflowError(14, 'a peer is gone').code).toBe('UNAVAILABLE');
  expect(tensorflowError(99, 'of another version').code).toBe('UNKNOWN');
});
