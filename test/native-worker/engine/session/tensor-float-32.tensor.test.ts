import { afterEach, expect, test } from 'vitest';
import { backend } from '../../../../native-worker/engine/binding.ts';
import { setTensorFloat32, tensorFloat32 } from '../../../../native-worker/engine/session/tensor-float-32.ts';

afterEach(() => setTensorFloat32());

test('a process computes float32 in float32 as soon as TensorFlow is loaded', () => {
  expect(backend()).toBeDefined(); // is what loads it
  expect(tensorFloat32()).toBe(false);
});

test('TensorFlow’s own switch follows the environment of the job', () => {
  setTensorFloat32({});
  expect(tensorFloat32()).toBe(true);
  setTensorFloat32({ NVIDIA_TF32_OVERRIDE: '0' });
  expect(tensorFloat32()).toBe(false);
});
