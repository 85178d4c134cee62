import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { crashFailure } from '../../../contract/job-failures.ts';
import { LastWords } from '../../../native-worker/service/last-words.ts';
import { insertJob } from '../../../native-worker/store/jobs.ts';
import { startJobProcess } from '../../support/job-process.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

/**
 * Node and TensorFlow reserve this much of their address space and never use most of it; each thread adds its stack and
 * its heap. Measured with two threads: 11.3 GB.
 */
const RESERVED = 11.5e9 + 0.5e9 * availableParallelism();

// TensorFlow reports the tensor that found no room. While it does, another of its threads may find none for something
// that it never checks, and crash; then the last lines must tell.
test.skipIf(process.platform !== 'linux')(
  'a training process that gets no more memory says what would fit, or is known by its last lines',
  async () => {
    const { library, datasetId, remove } = await makeLibrary();
    const config = tinyConfig({ batchSize: 4096, durationImages: 4096 });
    Object.assign(config.network, { modelChannels: 128, channelsPerHead: 128 });
    const runId = makeRun(library, datasetId, config);
    const jobId = insertJob(library.db, { parameters: { kind: 'train', runId, engine: 'graph' }, title: 'x', runId });
    const job = startJobProcess(library.folder, jobId, { memoryLimit: RESERVED });
    const { code, signal, stderr } = await job.gone;
    remove();
    if (signal !== null) {
      const words = new LastWords();
      words.add(stderr);
      const exit = { exitCode: code, signal, lastLines: words.lines(), oomKilled: null };
      const crash = crashFailure('train', exit, { kind: 'other' });
      expect(crash.code, stderr).toBe('out-of-memory');
      return;
    }
    expect(code, stderr).toBe(0);
    expect(job.messages.at(-1)).toEqual({
      type: 'ended',
      outcome: {
        kind: 'failed',
        code: 'out-of-memory',
        message: expect.stringMatching(
          /^The device ran out of memory with 4096 images at once\. Micro-batch \d+ (?:would fit|takes less) \(about .*\) and gives the same result\.$/,
        ) as string,
      },
    });
  },
);
