import { expect, test } from 'vitest';
import { AppError } from '../../../../contract/errors.ts';
import { findPreset } from '../../../../contract/presets.ts';
import { measureChoice, type MeasuringChoice } from '../../../../native-worker/jobs/tune/measure-choice.ts';
import type { BenchWorker } from '../../../../native-worker/system/bench-worker.ts';

const { config } = findPreset('small')!;
const subject = {
  config: { ...config, training: { ...config.training, batchSize: 8 } },
  shape: { resolution: 32, channels: 3, labelDim: 0 },
};
const choice = { precision: 'bf16', microBatch: 4, threads: 2, compile: 'none', deterministic: false } as const;

/** A process whose steps take so many seconds by its own word. */
function worker(run: () => Promise<number>): BenchWorker & { readonly ends: string[] } {
  const ends: string[] = [];
  return {
    ...{ pid: 7, device: 'CPU, 2 threads', tensorflow: '2.21.0', peakBytes: 2e9, ends, run },
    close: () => Promise.resolve(void ends.push('closed')),
    kill: () => void ends.push('killed'),
  };
}

/** A process whose steps never end, unless it is killed. */
function endless(): ReturnType<typeof worker> {
  const killed = new AbortController();
  const started = worker(
    () =>
      new Promise((_, reject) => {
        const died = new AppError('runtime', 'The process that measures ended unexpectedly.');
        killed.signal.addEventListener('abort', () => reject(died));
      }),
  );
  return {
    ...started,
    kill: () => {
      started.kill();
      killed.abort();
    },
  };
}

const measuring = (started: BenchWorker, part: Partial<MeasuringChoice> = {}): MeasuringChoice => ({
  start: () => Promise.resolve(started),
  deviceBytes: () => Promise.resolve(null),
  ends: () => false,
  deadline: performance.now() + 60_000,
  ...part,
});

test('takes steps of the subject in the chosen way, and leaves out the first two', async () => {
  const seconds = [50, 40, 2, 1, 2, 9];
  const started = worker(() => Promise.resolve(seconds.shift()!));
  const asked: unknown[] = [];
  const result = await measureChoice(subject, choice, {
    ...measuring(started),
    start: (one, way) => {
      asked.push([one.config.training.precision, one.config.training.microBatch, way.threads]);
      return Promise.resolve(started);
    },
    deviceBytes: (pid) => Promise.resolve(1e9 * pid),
  });
  expect(asked).toEqual([['bf16', 4, 2]]);
  expect(result).toMatchObject({
    choice,
    problem: null,
    measured: { imagesPerSecond: 4, hostBytes: 2e9, deviceBytes: 7e9 },
  });
  expect(seconds).toEqual([9]); // three steps of 5 seconds are enough
  expect(started.ends).toEqual(['closed']);
});

test('the whole batch is no micro-batch', async () => {
  let microBatch: number | null = -1;
  const started = worker(() => Promise.resolve(2));
  await measureChoice(
    subject,
    { ...choice, microBatch: 8 },
    {
      ...measuring(started),
      start: (one) => {
        ({ microBatch } = one.config.training);
        return Promise.resolve(started);
      },
    },
  );
  expect(microBatch).toBeNull();
});

test('a way that fails is told with its reason, and its process ended', async () => {
  const started = worker(() => Promise.reject(new AppError('out-of-memory', 'The device ran out of memory.')));
  const result = await measureChoice(subject, choice, measuring(started));
  expect(result).toEqual({ choice, measured: null, problem: 'The device ran out of memory.' });
  expect(started.ends).toEqual(['closed']);
});

test('what has not done a step when the time is over is ended', async () => {
  const started = endless();
  const result = await measureChoice(subject, choice, measuring(started, { deadline: performance.now() + 300 }));
  expect(result).toEqual({ choice, measured: null, problem: 'The time was over before a step was timed.' });
  expect(started.ends[0]).toBe('killed');
});

test('a job that is asked to end kills its process and has no result', async () => {
  let ends = false;
  const started = endless();
  setTimeout(() => (ends = true), 100);
  expect(await measureChoice(subject, choice, measuring(started, { ends: () => ends }))).toBeNull();
});
