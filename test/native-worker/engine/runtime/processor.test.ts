import { expect, test } from 'vitest';
import { physicalCores } from '../../../../native-worker/engine/runtime/cores.ts';
import { readProcessor } from '../../../../native-worker/engine/runtime/processor.ts';

test('of the processor’s flags those are named that TensorFlow gains from', () => {
  const flags = new Set(['fpu', 'avx', 'avx2', 'avx512f', 'avx512_bf16', 'sha_ni']);
  expect(readProcessor(flags).instructions).toEqual(['AVX2', 'AVX-512', 'AVX512-BF16']);
  expect(readProcessor(null).instructions).toEqual([]);
});

test('this machine has a processor with a name, cores and memory', () => {
  const { name, cores, threads, memoryBytes } = readProcessor();
  expect(name).not.toBe('');
  expect(cores).toBe(physicalCores());
  expect(threads).toBeGreaterThanOrEqual(cores);
  expect(memoryBytes).toBeGreaterThan(1e8);
});
