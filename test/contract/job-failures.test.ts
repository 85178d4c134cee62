import { expect, test } from 'vitest';
import { planNetwork } from '../../contract/architecture.ts';
import {
  crashFailure,
  deviceOutOfMemory,
  saysOutOfMemory,
  tellsWhy,
  type Crash,
  type MemoryUse,
} from '../../contract/job-failures.ts';
import { tinyConfig } from '../support/training-library.ts';

const { network, training } = tinyConfig();
const use = {
  kind: 'train',
  plan: planNetwork(network, { resolution: 16, channels: 3, labelDim: 2 }),
  training: { ...training, batchSize: 64, microBatch: null },
  capacity: null,
} as const satisfies MemoryUse;
const advice = 'Micro-batch 32 would fit';

const crash = (part: Partial<Crash>): Crash => ({
  exitCode: null,
  signal: null,
  lastLines: [],
  oomKilled: null,
  ...part,
});

test.each([
  ['a SIGKILL with the kernel’s sign', crash({ signal: 'SIGKILL', oomKilled: true }), 'killed by the system because'],
  ['std::bad_alloc', crash({ signal: 'SIGABRT', lastLines: ['what():  std::bad_alloc'] }), 'ran out of memory'],
  [
    'Node’s heap',
    crash({ signal: 'SIGABRT', lastLines: ['FATAL ERROR: JavaScript heap out of memory'] }),
    'ran out of memory',
  ],
])('%s is lack of memory, and what would fit is said', (_, end, words) => {
  const { code, message } = crashFailure('train', end, use);
  expect(code).toBe('out-of-memory');
  expect(message).toContain(words);
  expect(message).toContain(advice);
});

test('a process that ends because a disk is full names the file, not a lack of memory', () => {
  const lastLines = ['F1 RESOURCE_EXHAUSTED: /scratch/tmp/ptxas-1; No space left on device'];
  expect(crashFailure('train', crash({ signal: 'SIGABRT', lastLines }), use)).toEqual({
    code: 'no-space',
    message: 'The disk of /scratch/tmp/ptxas-1 is full. Free some space and resume.',
  });
});

test.each([crash({ signal: 'SIGKILL', oomKilled: false }), crash({ exitCode: 137 })])(
  'a SIGKILL without that sign is nobody’s certain lack of memory, and no bug of ours',
  (end) => {
    const { code, message } = crashFailure('train', end, use);
    expect(code).toBe('interrupted');
    expect(message).toMatch(/^The training process was killed \(SIGKILL\) from outside: .*Micro-batch 32/);
  },
);

test('any other signal that comes from outside is told as that', () => {
  expect(crashFailure('import', crash({ signal: 'SIGHUP' }), { kind: 'other' })).toEqual({
    code: 'interrupted',
    message: 'The import was ended from outside (SIGHUP).',
  });
});

test.each([
  'F0000 00:00:1795847122.549617    7633 env.cc:84] Check failed: ret == 0 (11 vs. 0) Thread tf_numa_-1_Eigen creation via pthread_create() failed.',
  "../deps/uv/src/thread-common.c: Assertion `0 == uv_thread_create(&thread, start, data)' failed.",
  "terminate called after throwing an instance of 'std::system_error'\n  what():  Resource temporarily unavailable",
])('"%s" is told as a limit of the system', (line) => {
  const { code, message } = crashFailure('train', crash({ signal: 'SIGABRT', lastLines: [line] }), use);
  expect(code).toBe('limit');
  expect(message).toContain('no more threads');
  expect(tellsWhy(line)).toBe(true);
});

test('a crash of another kind is a bug, with its signal or its exit code', () => {
  expect(crashFailure('train', crash({ signal: 'SIGSEGV' }), use)).toMatchObject({
    code: 'internal',
    message: expect.stringContaining('crashed (SIGSEGV)') as string,
  });
  expect(crashFailure('train', crash({ exitCode: 3 }), use).message).toContain('exit code 3');
  expect(crashFailure('train', crash({}), use).message).toContain('could not be started');
});

test.each([
  'Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[64,64,64,192] and type float on /GPU:0',
  'ResourceExhaustedError: failed to allocate memory',
  'RESOURCE_EXHAUSTED: OOM when allocating tensor',
  'UNKNOWN: CUDNN_STATUS_ALLOC_FAILED in cudnnCreate(&handle)',
  'INTERNAL: cuBLAS: CUBLAS_STATUS_ALLOC_FAILED',
  'INTERNAL: failed to get device: CUDA_ERROR_OUT_OF_MEMORY: out of memory',
  'NOT_FOUND: No algorithm worked!  Error messages:',
])('TensorFlow’s "%s" is recognised as lack of memory', (message) => {
  expect(saysOutOfMemory(message)).toBe(true);
});

test.each([
  'Invalid TF_Status: 3\nMessage: Incompatible shapes',
  'a room of one’s own',
  'Invalid TF_Status: 88',
  'INTERNAL: CUDNN_STATUS_NOT_INITIALIZED',
  'NOT_FOUND: the graph has no node algorithm',
])('"%s" is not taken for lack of memory', (message) => expect(saysOutOfMemory(message)).toBe(false));

test('a training job without memory is advised the next smaller micro-batch that divides its batch', () => {
  const failed = (batchSize: number, microBatch: number | null): string =>
    deviceOutOfMemory({ ...use, training: { ...training, batchSize, microBatch } }).message;
  expect(failed(64, null)).toContain('with 64 images at once. Micro-batch 32 would fit');
  expect(failed(50, 25)).toContain('Micro-batch 10 would fit');
  expect(failed(1, null)).toContain('with one image.');
  expect(failed(1, null)).not.toContain('icro-batch');
});

test('drawing without memory is advised half the batch', () => {
  expect(deviceOutOfMemory({ kind: 'sample', pictures: 32 }).message).toContain(
    'with 32 pictures at once. Batch size 16',
  );
  expect(deviceOutOfMemory({ kind: 'sample', pictures: 1 }).message).toBe(
    'The device ran out of memory with one picture. Close what else uses the memory.',
  );
});
