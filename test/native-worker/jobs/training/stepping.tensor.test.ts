import { expect, test } from 'vitest';
import { planNetwork } from '../../../../contract/architecture.ts';
import { initialSource, readState, type StateSource } from '../../../../native-worker/edm2/training/state.ts';
import { randomSource } from '../../../../native-worker/edm2/tensors/random.ts';
import { randomKernels } from '../../../../native-worker/engine/random.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { GraphTrainer } from '../../../../native-worker/jobs/training/graph-trainer.ts';
import { EagerTrainer } from '../../../../native-worker/jobs/training/eager-trainer.ts';
import { stateOf } from '../../../support/state-of.ts';
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
    parameter: (name) => tf.tidy(() => tf.cast(start.parameter(name), name === 'unet.out_gain' ? 'int32' : 'float32')),
  };
  await expect(GraphTrainer.open({ plan, training, grid: { average: 0, count: 4 } }, broken)).rejects.toThrow(
    /unet\.out_gain is fed as int32/,
  );
  expect(tf.memory().numTensors).toBe(before);
});

test('state that is held stays as it was while training goes on', async () => {
  const averages = training.sigmaRels.length;
  for (const engine of ['graph', 'eager'] as const) {
    const start = initialSource(plan, randomSource(randomKernels, 1, 0));
    const asked = { plan, training, grid: { average: 0, count: 4 } };
    const trainer =
      engine === 'graph'
        ? await GraphTrainer.open(asked, start)
        : new EagerTrainer(asked, readState(plan, averages, start));
    await trainer.step(0, pictureBatch([64, 16, 16, 3], 2), false);
    const before = await stateOf(trainer, plan, averages);
    const held = await trainer.hold(Object.keys(before));
    const tensors = tf.memory().numTensors;
    await trainer.step(64, pictureBatch([64, 16, 16, 3], 2), false);
    const [first, ...others] = Object.keys(before);
    expect(Array.from(held.take(first!).values), engine).toEqual(before[first!]);
    expect(() => held.take(first!)).toThrow('is not held');
    for (const name of others.slice(0, -1)) expect(Array.from(held.take(name).values), engine).toEqual(before[name]);
    held.release();
    const moved = await stateOf(trainer, plan, averages);
    expect(moved['parameter/unet.out_gain']).not.toEqual(before['parameter/unet.out_gain']);
    expect(tf.memory().numTensors).toBeLessThanOrEqual(tensors);
    trainer.dispose();
  }
});
