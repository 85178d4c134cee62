import { expect, test } from 'vitest';
import { deferred } from '../../../../native-worker/cli/deferred.ts';
import { Writes } from '../../../../native-worker/jobs/training/writes.ts';

test('files are written one after the other, in the order in which they were asked for', async () => {
  const writes = new Writes();
  const done: string[] = [];
  const first = deferred<null>();
  writes.add(() => first.promise.then(() => void done.push('first')));
  writes.add(() => Promise.resolve(done.push('second')).then(() => undefined));
  writes.check(); // nothing has gone wrong
  expect(done).toEqual([]);
  first.resolve(null);
  await writes.done();
  expect(done).toEqual(['first', 'second']);
});

test('what goes wrong is told at the next look, and what comes behind it is not written', async () => {
  const writes = new Writes();
  let written = 0;
  writes.add(() => Promise.reject(new Error('the disk is full')));
  writes.add(() => Promise.resolve(void (written += 1)));
  await writes.over(); // says nothing
  expect(() => writes.check()).toThrow('the disk is full');
  await expect(writes.done()).rejects.toThrow('the disk is full');
  expect(written).toBe(0);
});
