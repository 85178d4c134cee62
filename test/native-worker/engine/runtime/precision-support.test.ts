import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { offeredPrecisions, type PrecisionSupport } from '../../../../contract/precision.ts';
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
  ['with AVX512_BF16', flags('avx512f', 'avx512_bf16'), ['good', 'none', 'good', 'none']],
  ['with AMX', flags('amx_bf16'), ['good', 'none', 'good', 'none']],
  ['with AVX-512 alone', flags('avx512f'), ['good', 'none', 'slow', 'none']],
  ['that does not tell', null, ['good', 'none', 'slow', 'none']],
])('a processor %s', (_words, cpuFlags, expected) => {
  expect(statuses(precisionSupport({ runtime: 'cpu', gpu: null, cpuFlags }))).toEqual(expected);
});

test.each([
  ['Hopper', '9.0', ['good', 'good', 'good', 'good']],
  ['Ampere', '8.0', ['good', 'good', 'good', 'good']],
  ['Turing', '7.5', ['good', 'none', 'none', 'good']],
  ['Pascal', '6.1', ['good', 'none', 'none', 'none']],
  ['ten times newer', '10.0', ['good', 'good', 'good', 'good']],
  ['untold', null, ['good', 'slow', 'slow', 'slow']],
])('a GPU that is %s', (_words, capability, expected) => {
  const supports = precisionSupport({ runtime: 'cuda12', gpu: gpu(capability), cpuFlags: flags('avx512_bf16') });
  expect(statuses(supports)).toEqual(expected);
});

test('with the runtime for CPUs a GPU counts for nothing, and without a GPU its runtime computes on the CPU', () => {
  const cpuFlags = flags('avx512_bf16');
  const onCpu = ['good', 'none', 'good', 'none'];
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

test('TF32 is refused where it isn’t, and offered where it is', () => {
  const old = precisionSupport({ runtime: 'cuda12', gpu: gpu('7.5'), cpuFlags: null });
  expect(() => checkPrecision('tf32', old)).toThrow(
    "This device can't compute in tf32. NVIDIA T has compute capability 7.5; tf32 takes 8.0 or newer. Choose fp16.",
  );
  expect(offeredPrecisions(old, 'fp32')).toEqual(['fp32', 'bf16', 'fp16']);
  const ampere = precisionSupport({ runtime: 'cuda12', gpu: gpu('8.6'), cpuFlags: null });
  expect(() => checkPrecision('tf32', ampere)).not.toThrow();
  expect(ampere[1]!.reason).toMatch(/11 bits of precision instead of 24/);
  expect(offeredPrecisions(ampere, 'fp32')).toEqual(['fp32', 'tf32', 'bf16', 'fp16']);
  // A copy of a run from another machine shows what it asks for.
  expect(offeredPrecisions(null, 'tf32')).toContain('tf32');
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
