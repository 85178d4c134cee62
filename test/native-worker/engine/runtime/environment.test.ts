import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { chosenRuntime } from '../../../../native-worker/engine/runtime/choice.ts';
import { physicalCores } from '../../../../native-worker/engine/runtime/cores.ts';
import { jobEnvironment } from '../../../../native-worker/engine/runtime/environment.ts';
import { parseLock, readLock } from '../../../../native-worker/engine/runtime/lock.ts';
import { cacheFolder, libraryFolder } from '../../../../native-worker/engine/runtime/places.ts';

const root = mkdtempSync(join(tmpdir(), 'edm2-environment-'));
afterAll(() => rmSync(root, { recursive: true }));

test('a job inherits what it needs and no secret', () => {
  const variables = {
    PATH: '/bin',
    HOME: '/home/a',
    API_TOKEN: 'secret',
    TF_CPP_MIN_LOG_LEVEL: '3',
    NODE_OPTIONS: '--inspect',
    CUDA_VISIBLE_DEVICES: '1',
  };
  const environment = jobEnvironment({ runtime: 'cuda12', threads: 3, folder: root, variables });
  expect(environment).toMatchObject({
    PATH: '/bin',
    HOME: '/home/a',
    CUDA_VISIBLE_DEVICES: '1',
    TF_CPP_MIN_LOG_LEVEL: '1',
  });
  expect(environment).not.toHaveProperty('API_TOKEN');
  expect(environment).not.toHaveProperty('NODE_OPTIONS');
});

test('threads, oneDNN and growth of GPU memory are set', () => {
  const environment = jobEnvironment({ runtime: 'cuda12', threads: 3, folder: root });
  expect(environment).toMatchObject({
    TF_NUM_INTRAOP_THREADS: '3',
    OMP_NUM_THREADS: '3',
    TF_ENABLE_ONEDNN_OPTS: '1',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    XLA_FLAGS: `--xla_gpu_cuda_data_dir="${join(root, 'nvidia', 'cuda_nvcc')}"`,
  });
  expect(jobEnvironment({ runtime: 'cpu', threads: null, folder: root }).OMP_NUM_THREADS).toBe(String(physicalCores()));
});

test('float32 is float32 on a GPU unless it is to be TF32, whatever the user has set', () => {
  const variables = { NVIDIA_TF32_OVERRIDE: '1' };
  const options = { threads: 1, folder: root, variables } as const;
  for (const precision of ['fp32', 'bf16', 'fp16'] as const) {
    expect(jobEnvironment({ ...options, runtime: 'cuda12', precision }).NVIDIA_TF32_OVERRIDE).toBe('0');
  }
  expect(jobEnvironment({ ...options, runtime: 'cuda12' }).NVIDIA_TF32_OVERRIDE).toBe('0');
  expect(jobEnvironment({ ...options, runtime: 'cuda12', precision: 'tf32' })).not.toHaveProperty(
    'NVIDIA_TF32_OVERRIDE',
  );
});

test('a chosen GPU is the only one that is seen, and is counted as nvidia-smi does', () => {
  const variables = { CUDA_VISIBLE_DEVICES: '0', CUDA_DEVICE_ORDER: 'FASTEST_FIRST' };
  const options = { runtime: 'cuda12', threads: 1, folder: root } as const;
  expect(jobEnvironment({ ...options, gpu: { visible: '2' }, variables })).toMatchObject({
    CUDA_VISIBLE_DEVICES: '2',
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
  });
  // Cards are judged in nvidia-smi's order; in CUDA's own, another one would be used.
  expect(jobEnvironment({ ...options, gpu: null, variables })).toMatchObject({
    CUDA_VISIBLE_DEVICES: '0',
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
  });
  expect(jobEnvironment({ ...options, variables: {} })).toMatchObject({ CUDA_DEVICE_ORDER: 'PCI_BUS_ID' });
  expect(jobEnvironment({ ...options, runtime: 'cpu', gpu: { visible: '2' } }).CUDA_VISIBLE_DEVICES).toBe('-1');
});

test('XLA compiles for GPUs alone, and only where it was asked for', () => {
  const options = { threads: 1, folder: root, variables: {} } as const;
  expect(jobEnvironment({ ...options, runtime: 'cuda12', compile: 'network' }).EDM2_COMPILE).toBe('network');
  expect(jobEnvironment({ ...options, runtime: 'cuda12' })).not.toHaveProperty('EDM2_COMPILE');
  expect(jobEnvironment({ ...options, runtime: 'cpu', compile: 'network' })).not.toHaveProperty('EDM2_COMPILE');
});

test('kernels on a GPU are deterministic where that was asked for', () => {
  const options = { threads: 1, folder: root, variables: {} } as const;
  const asked = { TF_DETERMINISTIC_OPS: '1', TF_CUDNN_USE_AUTOTUNE: '0' };
  expect(jobEnvironment({ ...options, runtime: 'cuda12', deterministic: true })).toMatchObject(asked);
  for (const other of [{ runtime: 'cuda12' }, { runtime: 'cpu', deterministic: true }] as const) {
    expect(jobEnvironment({ ...options, ...other })).not.toHaveProperty('TF_DETERMINISTIC_OPS');
  }
});

test("the library path names TensorFlow's folder, then each nvidia wheel's that has one, then what was there", () => {
  for (const part of ['nvidia/cudnn/lib', 'nvidia/cublas/lib', 'nvidia/cuda_nvcc/bin'])
    mkdirSync(join(root, part), { recursive: true });
  const environment = jobEnvironment({
    runtime: 'cuda12',
    threads: null,
    folder: root,
    variables: { LD_LIBRARY_PATH: '/driver' },
  });
  const expected = ['lib', 'nvidia/cublas/lib', 'nvidia/cudnn/lib'].map((part) => join(root, part));
  expect(environment.LD_LIBRARY_PATH).toBe([...expected, '/driver'].join(':'));
});

test('under Windows the driver’s libraries for Linux are found, too', () => {
  const wslDriver = join(root, 'wsl');
  const options = { runtime: 'cuda12', threads: 1, folder: root, variables: {}, wslDriver } as const;
  expect(jobEnvironment(options).LD_LIBRARY_PATH).not.toContain(wslDriver);
  mkdirSync(wslDriver);
  expect(jobEnvironment(options).LD_LIBRARY_PATH!.split(':').at(-1)).toBe(wslDriver);
  expect(jobEnvironment({ ...options, runtime: 'cpu' }).LD_LIBRARY_PATH).not.toContain(wslDriver);
});

test('the cpu runtime hides GPUs from TensorFlow', () => {
  const variables = { CUDA_VISIBLE_DEVICES: '0' };
  expect(jobEnvironment({ runtime: 'cpu', threads: null, folder: root, variables })).toMatchObject({
    CUDA_VISIBLE_DEVICES: '-1',
  });
});

test('hardware threads of one core count once', () => {
  for (const [cpu, siblings] of Object.entries({ cpu0: '0,2', cpu1: '1,3', cpu2: '0,2', cpu3: '1,3' })) {
    mkdirSync(join(root, 'cpus', cpu, 'topology'), { recursive: true });
    writeFileSync(join(root, 'cpus', cpu, 'topology', 'thread_siblings_list'), `${siblings}\n`);
  }
  mkdirSync(join(root, 'cpus', 'cpufreq'));
  expect(physicalCores(join(root, 'cpus'))).toBe(Math.min(2, availableParallelism()));
  expect(physicalCores(join(root, 'nothing'))).toBe(availableParallelism());
});

test.each([
  ['linux', { HOME: '/home/a' }, '/home/a/.local/share/edm2-studio/library', '/home/a/.cache/edm2-studio'],
  [
    'linux',
    { HOME: '/home/a', XDG_DATA_HOME: '/data', XDG_CACHE_HOME: '/cache' },
    '/data/edm2-studio/library',
    '/cache/edm2-studio',
  ],
  ['linux', { HOME: '/home/a', EDM2_LIBRARY: '/l', EDM2_CACHE: '/c' }, '/l', '/c'],
  [
    'linux',
    { HOME: '/home/a', EDM2_LIBRARY: '', EDM2_CACHE: '' },
    '/home/a/.local/share/edm2-studio/library',
    '/home/a/.cache/edm2-studio',
  ],
  [
    'darwin',
    { HOME: '/Users/a' },
    '/Users/a/Library/Application Support/edm2-studio/library',
    '/Users/a/Library/Caches/edm2-studio',
  ],
] as const)('on %s with %o library and cache are where they belong', (platform, variables, library, cache) => {
  expect(libraryFolder(variables, platform)).toBe(library);
  expect(cacheFolder(variables, platform)).toBe(cache);
});

test('EDM2_RUNTIME goes before the setting, and the setting before nvidia-smi', async () => {
  expect((await chosenRuntime('cpu', { EDM2_RUNTIME: 'cuda12' })).runtime).toBe('cuda12');
  expect((await chosenRuntime('cuda12', {})).runtime).toBe('cuda12');
  await expect(chosenRuntime(null, { EDM2_RUNTIME: 'cuda11' })).rejects.toMatchObject({ code: 'invalid-input' });
});

test('the lock files that ship are whole: TensorFlow first, and for CUDA a wheel for each library', () => {
  expect(readLock('cpu', 'linux-x64').wheels.map((wheel) => wheel.package)).toEqual(['tensorflow-cpu']);
  expect(readLock('cuda12', 'linux-x64').wheels[0]!.package).toBe('tensorflow');
  expect(readLock('cuda12', 'linux-x64').version).toBe(readLock('cpu', 'linux-x64').version);
  for (const platform of ['darwin-arm64', 'win32-x64']) expect(readLock('cpu', platform).wheels).toHaveLength(1);
});

test('a runtime that a platform lacks is refused with a way out', () => {
  expect(() => readLock('cuda12', 'darwin-arm64')).toThrow(/does not exist for darwin-arm64; use "cpu"/);
});

test.each([
  'linux-x64 tensorflow-cpu 2.21.0 ../x.whl 1 1 ' + 'a'.repeat(64),
  'linux-x64 tensorflow-cpu 2.21.0 x.whl 1 1 abc',
  'nonsense',
])('a lock line that is no wheel is refused: %s', (line) => {
  expect(() => parseLock(line, 'cpu', 'linux-x64')).toThrow(/line 1 is not a wheel/);
});
