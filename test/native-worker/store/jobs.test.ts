import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError } from '../../../contract/errors.ts';
import * as jobs from '../../../native-worker/store/jobs.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { makeLibrary } from '../../support/training-library.ts';

let library: Library;
let remove: () => void;
beforeEach(async () => ({ library, remove } = await makeLibrary()));
afterEach(() => remove());

function add(title: string): number {
  const options = { name: title, resolution: 32 } as const;
  return jobs.insertJob(library.db, { parameters: { kind: 'import', path: '/x', options }, title, runId: null });
}

function queued(): string[] {
  return jobs
    .listJobs(library.db, 100)
    .filter(({ state }) => state === 'queued')
    .map(({ title }) => title);
}

test('jobs are taken in the order in which they came', () => {
  const [a, b] = [add('a'), add('b')];
  expect(jobs.nextQueued(library.db, ['import'])).toBe(a);
  expect(jobs.nextQueued(library.db, ['train'])).toBeNull();
  jobs.startJob(library.db, a, 1);
  expect(jobs.nextQueued(library.db, ['import'])).toBe(b);
});

test('jobs of several kinds that share a lane are taken in the order in which they came, moved ones among their kind', () => {
  const [a, b] = [add('a'), add('b')];
  const parameters = { kind: 'profile', runId: 1, work: 'training' } as const;
  const measurement = jobs.insertJob(library.db, { parameters, title: 'm', runId: null });
  const c = add('c');
  const lane = ['import', 'profile'] as const;
  expect(jobs.nextQueued(library.db, lane)).toBe(a);
  jobs.moveJob(library.db, c, 0);
  const taken: (number | null)[] = [];
  for (let next = jobs.nextQueued(library.db, lane); next !== null; next = jobs.nextQueued(library.db, lane)) {
    taken.push(next);
    jobs.startJob(library.db, next, 1);
  }
  expect(taken).toEqual([c, a, measurement, b]);
});

test.each([
  [0, ['c', 'a', 'b']],
  [1, ['a', 'c', 'b']],
  [2, ['a', 'b', 'c']],
  [99, ['a', 'b', 'c']],
])('a queued job moves to place %i among the queued ones', (place, order) => {
  add('a');
  add('b');
  jobs.moveJob(library.db, add('c'), place);
  expect(queued()).toEqual(order);
});

test('a job that runs can not be moved', () => {
  const id = add('a');
  jobs.startJob(library.db, id, 1);
  expect(() => jobs.moveJob(library.db, id, 0)).toThrow(AppError);
});

test('the list shows running, then queued, then the newest ended', () => {
  const [a, b, c, d] = [add('a'), add('b'), add('c'), add('d')];
  jobs.endJob(library.db, a, { state: 'failed', error: 'why' });
  jobs.endJob(library.db, b, { state: 'done' });
  jobs.startJob(library.db, d, 7);
  expect(jobs.listJobs(library.db, 10).map(({ id }) => id)).toEqual([d, c, b, a]);
  expect(jobs.listJobs(library.db, 2).map(({ id }) => id)).toEqual([d, c]);
});

test('a job that goes back to the queue keeps its place', () => {
  const a = add('a');
  add('b');
  jobs.startJob(library.db, a, 1);
  jobs.requeueJob(library.db, a);
  expect(queued()).toEqual(['a', 'b']);
});

test('what a job is to do comes back as it was frozen', () => {
  expect(jobs.getJobParameters(library.db, add('a'))).toEqual({
    kind: 'import',
    path: '/x',
    options: { name: 'a', resolution: 32 },
  });
});
