import { expect, test } from 'vitest';
import { planNetwork } from '../../../../contract/architecture.ts';
import { initialSource } from '../../../../native-worker/edm2/initial.ts';
import type { StateSource } from '../../../../native-worker/edm2/state-source.ts';
import { randomSource } from '../../../../native-worker/edm2/random.ts';
import { randomKernels } from '../../../../native-worker/engine/random.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { GraphTrainer } from '../../../../native-worker/jobs/training/graph-trainer.ts';
import { pictureBatch } from '../../../support/picture-batch.ts';
import { tinyConfig } from '../../../support/training-library.ts';

const { network, training } = tinyConfig({ batchSize: 64 });
const plan = planNetwork(network, { resolution: 16, channels: 3, labelDim: 2 });

function open(): Promise<GraphTrainer> {
  const start = initialSource(plan, randomSource(randomKernels, 1, 0));
  return GraphTrainer.open({ plan, training, grid: { average: 0, count: 4 } }, start);
}

test('messages are heard and files are read while a step is computed', async () => {
  const trainer = await open();
  await trainer.step(0, pictureBatch([64, 16, 16, 3], 2), false); // TensorFlow plans
  const heard: string[] = [];
  const step = trainer.step(64, pictureBatch([64, 16, 16, 3], 2), true).then(() => heard.push('the step is done'));
  setTimeout(() => heard.push('a timer'), 1);
  setImmediate(() => heard.push('a message'));
  await step;
  expect(heard).toEqual(['a message', 'a timer', 'the step is done']);
  trainer.dispose();
});

test('a start that TensorFlow refuses leaves no tensors behind', async () => {
  const before = tf.memory().numTensors;
  const start = initialSource(plan, randomSource(randomKernels, 1, 0));
  const broken: StateSource = {
    ...start,
    parameter: (name) =>
      tf.tidy(() => tf.cast(start.parameter(name), name === 'unet.out_gain' ? 'int32' : 'float32')),
  };
  await expect(GraphTrainer.open({ plan, training, grid: { average: 0, count: 4 } }, broken)).rejects.toThrow(
    /unet\.out_gain is fed as int32/,
  );
  expect(tf.memory().numTensors).toBe(before);
});
