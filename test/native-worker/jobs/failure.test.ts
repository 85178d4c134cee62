import { expect, test } from 'vitest';
import { planNetwork } from '../../../contract/architecture.ts';
import { AppError } from '../../../contract/errors.ts';
import { GenerateRequest } from '../../../contract/samples.ts';
import { failure, isOutOfMemory, trainingOutOfMemory } from '../../../native-worker/jobs/failure.ts';
import { tinyConfig } from '../../support/training-library.ts';

const train = { kind: 'train', runId: 1, engine: 'graph' } as const;
const sample = {
  kind: 'sample',
  request: GenerateRequest.parse({
    model: { kind: 'snapshot', snapshotId: 1 },
    seeds: [1],
    labels: [null],
    columns: 1,
    sampler: {},
    batchSize: 32,
  }),
} as const;

test.each([
  'Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[64,64,64,192] and type float on /GPU:0',
  'ResourceExhaustedError: failed to allocate memory',
])('TensorFlow’s "%s" is recognised as lack of memory', (message) => {
  expect(isOutOfMemory(new Error(message))).toBe(true);
  expect(failure(new Error(message), train)).toMatchObject({ kind: 'failed', code: 'out-of-memory' });
});

test.each(['Invalid TF_Status: 3\nMessage: Incompatible shapes', 'a room of one’s own', 'Invalid TF_Status: 88'])(
  '"%s" is not taken for lack of memory',
  (message) => {
    expect(isOutOfMemory(new Error(message))).toBe(false);
    expect(failure(new Error(message), train)).toMatchObject({ kind: 'failed', code: 'internal' });
  },
);

test('a training job without memory is advised the next smaller micro-batch that divides its batch', () => {
  const { network, training } = tinyConfig();
  const plan = planNetwork(network, { resolution: 16, channels: 3, labelDim: 2 });
  const failed = (batchSize: number, microBatch: number | null): string =>
    trainingOutOfMemory(plan, { ...training, batchSize, microBatch }, null, null).message;
  expect(failed(64, null)).toContain('with 64 images at once. Micro-batch 32 would fit');
  expect(failed(50, 25)).toContain('Micro-batch 10 would fit');
  expect(failed(1, null)).not.toContain('icro-batch');
});

test('a sample job without memory is advised half the batch', () => {
  expect(failure(new Error('OOM'), sample)).toMatchObject({
    message: expect.stringContaining('Batch size 16') as string,
  });
});

test.each(['ENOSPC', 'EDQUOT', 'SQLITE_FULL'])('%s is a full disk', (code) => {
  expect(failure(Object.assign(new Error('x'), { code }), train)).toMatchObject({ code: 'no-space' });
});

test('an expected failure keeps its code and sentence, a bug shows no internals', () => {
  expect(failure(new AppError('dataset', 'The set is empty.'), train)).toEqual({
    kind: 'failed',
    code: 'dataset',
    message: 'The set is empty.',
  });
  expect(JSON.stringify(failure(new TypeError('x is not a function at /home/me/a.ts'), null))).not.toContain('/home');
});
