import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PrecisionSupport } from '../../../../contract/precision.ts';
import {
  checkPrecision,
  precisionSupport,
  readCpuFlags,
} from '../../../../native-worker/engine/runtime/precision-support.ts';

const flags = (...names: string[]): ReadonlySet<string> => new Set(names);
const statuses = (supports: readonly PrecisionSupport[]): string[] => supports.map(({ status }) => status);
const gpu = (computeCapability: string | null): { name: string; computeCapability: string | null } => ({
  name: 'NVIDIA T',
  computeCapability,
});

test.each([
  ['with AVX512_BF16', flags('avx512f', 'avx512_bf16'), ['good', 'good', 'none']],
  ['with AMX', flags('amx_bf16'), ['good', 'good', 'none']],
  ['with AVX-512 alone', flags('avx512f'), ['good', 'slow', 'none']],
  ['that does not tell', null, ['good', 'slow', 'none']],
])('a processor %s', (_words, cpuFlags, expected) => {
  expect(statuses(precisionSupport({ runtime: 'cpu', gpu: null, cpuFlags }))).toEqual(expected);
});

test.each([
  ['Hopper', '9.0', ['good', 'good', 'good']],
  ['Ampere', '8.0', ['good', 'good', 'good']],
  ['Turing', '7.5', ['good', 'none', 'good']],
  ['Pascal', '6.1', ['good', 'none', 'none']],
  ['ten times newer', '10.0', ['good', 'good', 'good']],
  ['untold', null, ['good', 'slow', 'slow']],
])('a GPU that is %s', (_words, capability, expected) => {
  const supports = precisionSupport({ runtime: 'cuda12', gpu: gpu(capability), cpuFlags: flags('avx512_bf16') });
  expect(statuses(supports)).toEqual(expected);
});

test('with the runtime for CPUs a GPU counts for nothing, and without a GPU its runtime computes on the CPU', () => {
  const cpuFlags = flags('avx512_bf16');
  const onCpu = ['good', 'good', 'none'];
  expect(statuses(precisionSupport({ runtime: 'cpu', gpu: gpu('9.0'), cpuFlags }))).toEqual(onCpu);
  expect(statuses(precisionSupport({ runtime: 'cuda12', gpu: null, cpuFlags }))).toEqual(onCpu);
});

test('a precision that the device can’t do is refused with one that it can', () => {
  const supports = precisionSupport({ runtime: 'cpu', gpu: null, cpuFlags: flags('avx512_bf16') });
  expect(() => checkPrecision('fp16', supports)).toThrow(/can't compute in fp16\. .* Choose bf16\.$/);
  const plain = precisionSupport({ runtime: 'cpu', gpu: null, cpuFlags: null });
  expect(() => checkPrecision('fp16', plain)).toThrow(/Choose fp32\.$/);
  for (const precision of ['fp32', 'bf16'] as const) expect(() => checkPrecision(precision, plain)).not.toThrow();
});

test('the processor’s flags are whole words of the first processor; without the file they are not known', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edm2-cpuinfo-'));
  const file = join(folder, 'cpuinfo');
  writeFileSync(
    file,
    'processor\t: 0\nflags\t\t: fpu avx512_bf16x sse\nbugs\t: none\n\nprocessor\t: 1\nflags\t\t: fpu\n',
  );
  expect(readCpuFlags(file)).toEqual(new Set(['fpu', 'avx512_bf16x', 'sse']));
  expect(readCpuFlags(join(folder, 'absent'))).toBeNull();
  rmSync(folder, { recursive: true });
});
