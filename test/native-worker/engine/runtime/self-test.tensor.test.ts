import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runDoctorReport } from '../../../../native-worker/engine/runtime/doctor.ts';
import { gpuLibraries } from '../../../../native-worker/engine/runtime/gpu-libraries.ts';
import { runtimeFolder } from '../../../../native-worker/engine/runtime/places.ts';
import { selfTest } from '../../../../native-worker/engine/runtime/self-test.ts';

const cpu = (): Promise<'cpu'> => Promise.resolve('cpu');

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'edm2-self-test-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

/**
 * A "cuda12" runtime whose TensorFlow is the installed cpu one, with empty stand-ins for all GPU libraries but one. The
 * loader treats them like real ones.
 */
function makeCudaRuntime(without: string | null): void {
  const folder = runtimeFolder('cuda12', cache);
  const stubs = join(folder, 'nvidia', 'stubs', 'lib');
  mkdirSync(stubs, { recursive: true });
  symlinkSync(join(runtimeFolder('cpu'), 'lib'), join(folder, 'lib'));
  writeFileSync(join(cache, 'stub.c'), 'int edm2_stub;');
  execFileSync('g++', ['-shared', '-fPIC', '-o', join(cache, 'stub.so'), join(cache, 'stub.c')]);
  for (const { file } of gpuLibraries) if (file !== without) copyFileSync(join(cache, 'stub.so'), join(stubs, file));
}

test('the installed runtime computes a convolution and its gradient correctly', async () => {
  const result = await selfTest({ runtime: 'cpu', threads: null });
  expect(result).toMatchObject({ wrong: null, gpu: false, fellBack: false, reason: null, unloadable: [] });
  expect(result.version).toMatch(/^\d+\.\d+\.\d+$/);
});

test.each([
  ['libcuda.so.1', /libcuda\.so\.1 is missing, part of the NVIDIA driver: install the driver/],
  ['libcudnn.so.9', /can't load libcudnn\.so\.9 \(from the wheel nvidia-cudnn-cu12\)/],
  ['libcusparse.so.12', /can't load libcusparse\.so\.12 \(from the wheel nvidia-cusparse-cu12\)/],
])('a missing %s is named, with where it comes from', async (library, reason) => {
  makeCudaRuntime(library);
  const result = await selfTest({ runtime: 'cuda12', threads: null, cache });
  expect(result).toMatchObject({ fellBack: true, gpu: false, unloadable: [{ file: library }] });
  expect(result.reason).toMatch(reason);
});

test('a library that fails because of one that it needs leads to that one', async () => {
  makeCudaRuntime('libcublasLt.so.12');
  const stubs = join(runtimeFolder('cuda12', cache), 'nvidia', 'stubs', 'lib');
  const lt = join(cache, 'libcublasLt.so.12');
  execFileSync('g++', ['-shared', '-fPIC', '-Wl,-soname,libcublasLt.so.12', '-o', lt, join(cache, 'stub.c')]);
  const needing = [
    '-shared',
    '-fPIC',
    '-Wl,--no-as-needed',
    '-o',
    join(stubs, 'libcublas.so.12'),
    join(cache, 'stub.c'),
    lt,
  ];
  execFileSync('g++', needing);
  const { unloadable, reason } = await selfTest({ runtime: 'cuda12', threads: null, cache });
  expect(unloadable.map((one) => one.file)).toEqual(['libcublasLt.so.12', 'libcublas.so.12']);
  expect(reason).toMatch(/can't load libcublasLt\.so\.12 \(from the wheel nvidia-cublas-cu12\): install/);
});

test('a runtime without TensorFlow is a failure with a sentence, not a crash', async () => {
  vi.stubEnv('LD_LIBRARY_PATH', ''); // where these tests have TensorFlow from
  await expect(selfTest({ runtime: 'cpu', threads: null, cache })).rejects.toMatchObject({
    code: 'runtime',
    message: expect.stringMatching(/can't load libtensorflow.*npm run setup/) as string,
  });
});

test('the doctor finds the installed runtime good', async () => {
  const report = await runDoctorReport({ runtime: cpu, threads: 2, nvidiaSmi: join(cache, 'missing') });
  expect(report).toMatchObject({ ok: true, fellBack: false, device: 'CPU, 2 threads' });
  expect(report.checks.filter((check) => check.status === 'bad')).toEqual([]);
});

test('the doctor says aloud that a GPU is there but not used', async () => {
  const nvidiaSmi = join(cache, 'nvidia-smi');
  writeFileSync(nvidiaSmi, '#!/bin/sh\necho "0, NVIDIA H100, 560.35.03, 81559, 0, 0, 29, 71.3"\n');
  chmodSync(nvidiaSmi, 0o755);
  const report = await runDoctorReport({ runtime: cpu, threads: 2, nvidiaSmi });
  expect(report.fellBack).toBe(true);
  expect(report.checks.find((check) => check.id === 'choice')).toMatchObject({
    status: 'warn',
    advice: 'Choose the runtime "cuda12" in Settings.',
  });
});

test('the doctor of a machine without a runtime says what to do and computes nothing', async () => {
  const report = await runDoctorReport({ runtime: cpu, threads: null, cache, nvidiaSmi: join(cache, 'missing') });
  expect(report).toMatchObject({ ok: false, device: 'none: TensorFlow does not run' });
  expect(report.checks.find((check) => check.id === 'runtime')).toMatchObject({
    status: 'bad',
    detail: '"cpu": it is not installed',
    advice: expect.stringMatching(/npm run setup.*274 MB/) as string,
  });
});
