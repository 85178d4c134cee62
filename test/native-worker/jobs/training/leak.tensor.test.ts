import { expect, test } from 'vitest';
import { planNetwork } from '../../../../contract/architecture.ts';
import { initialSource } from '../../../../native-worker/edm2/training/state.ts';
import { randomSource } from '../../../../native-worker/edm2/tensors/random.ts';
import { randomKernels } from '../../../../native-worker/engine/random.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { GraphTrainer } from '../../../../native-worker/jobs/training/graph-trainer.ts';
import { pictureBatch } from '../../../support/picture-batch.ts';
import { tinyConfig } from '../../../support/training-library.ts';

const STEPS = 10_000;

/** Allocators fill their pools for a while; what they do then is no leak. */
const WARM_UP = 3000;

/**
 * Bytes by which the process may grow over all steps: 1 kB a step, less than its tensors take with their bookkeeping.
 * Seen: 0.6 to 3.8 MB, garbage that JavaScript has not collected yet among it. (A tensor that nobody disposes is found by
 * its count, however small.)
 */
const FLAT = 10e6;

test(`${STEPS} steps of a recorded network leave memory as it was`, async () => {
  // As few ops as a network of this kind can have: what leaks, leaks by the step and the op, not by their size.
  const { network, training } = tinyConfig({ batchSize: 4, sigmaRels: [0.1] });
  const plan = planNetwork(
    { ...network, channelMult: [1], attnResolutions: [] },
    { resolution: 4, channels: 3, labelDim: 2 },
  );
  const random = randomSource(randomKernels, 1, 0);
  const trainer = await GraphTrainer.open(
    { plan, training, grid: { average: 0, count: 4 } },
    initialSource(plan, random),
  );
  const batch = pictureBatch([4, 4, 4, 3], 2);
  const step = (index: number): Promise<unknown> => trainer.step(4 * index, batch, index % 10 === 0);

  for (let index = 0; index < WARM_UP; index += 1) await step(index);
  const tensors = tf.memory().numTensors;
  const before = process.memoryUsage.rss();
  for (let index = WARM_UP; index < WARM_UP + STEPS; index += 1) await step(index);
  const grown = process.memoryUsage.rss() - before;
  expect(tf.memory().numTensors).toBe(tensors);
  expect(grown).toBeLessThan(FLAT);
  trainer.dispose();
  process.stdout.write(`${STEPS} steps: ${(grown / 1e6).toFixed(1)} MB\n`);
});
