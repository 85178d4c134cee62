import { expect, test } from 'vitest';
import { AppError } from '../../../contract/errors.ts';
import { failure, isOutOfMemory } from '../../../native-worker/jobs/failure.ts';
import { sampleJob } from '../../support/job-parameters.ts';

const train = { kind: 'train', runId: 1, engine: 'graph' } as const;

test('TensorFlow’s words for lack of memory become a code, and so does the system’s', () => {
  const allocation = new Error('Invalid TF_Status: 8\nMessage: OOM when allocating tensor');
  expect(isOutOfMemory(allocation)).toBe(true);
  expect(failure(allocation, train)).toMatchObject({ kind: 'failed', code: 'out-of-memory' });
  expect(failure(Object.assign(new Error('x'), { code: 'ENOMEM' }), train)).toMatchObject({ code: 'out-of-memory' });
});

test.each(['EAGAIN', 'EMFILE', 'ENFILE'])('%s is a limit of the system', (code) => {
  expect(failure(Object.assign(new Error('x'), { code }), train)).toMatchObject({ code: 'limit' });
});

test('any other error is a bug', () => {
  expect(failure(new Error('Invalid TF_Status: 3'), train)).toMatchObject({ kind: 'failed', code: 'internal' });
});

test('a sample job without memory is advised half the batch', () => {
  expect(failure(new Error('OOM'), sampleJob)).toMatchObject({
    message: expect.stringContaining('Batch size 16') as string,
  });
});

test.each(['ENOSPC', 'EDQUOT', 'SQLITE_FULL'])('%s is a full disk', (code) => {
  expect(failure(Object.assign(new Error('x'), { code }), train)).toMatchObject({ code: 'no-space' });
});

test('a full disk is named by the file that was meant, be it the library’s or not', () => {
  const full = (path?: string): unknown => Object.assign(new Error('x'), { code: 'ENOSPC', ...(path && { path }) });
  expect(failure(full(), train)).toMatchObject({ message: expect.stringContaining('disk of the library') as string });
  expect(failure(full('/scratch/tmp/x'), train)).toMatchObject({
    message: 'The disk of /scratch/tmp/x is full. Free some space and resume.',
  });
});

test('TensorFlow’s word for a full disk is not taken for a lack of memory, though it has the same status', () => {
  const full = new Error('RESOURCE_EXHAUSTED: /scratch/tmp/ptxas-1; No space left on device');
  expect(isOutOfMemory(full)).toBe(false);
  expect(failure(full, train)).toEqual({
    kind: 'failed',
    code: 'no-space',
    message: 'The disk of /scratch/tmp/ptxas-1 is full. Free some space and resume.',
  });
});

test('an expected failure keeps its code and sentence, a bug shows no internals', () => {
  expect(failure(new AppError('dataset', 'The set is empty.'), train)).toEqual({
    kind: 'failed',
    code: 'dataset',
    message: 'The set is empty.',
  });
  expect(JSON.stringify(failure(new TypeError('x is not a function at /home/me/a.ts'), null))).not.toContain('/home');
});
