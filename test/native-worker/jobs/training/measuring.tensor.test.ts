import { expect, test } from 'vitest';
import { planNetwork } from '../../../../contract/architecture.ts';
import { rungs, type RungName } from '../../../../contract/ladder.ts';
import type { TrainingConfig } from '../../../../contract/training.ts';
import { randomSource } from '../../../../native-worker/edm2/tensors/random.ts';
import { initialSource } from '../../../../native-worker/edm2/training/state.ts';
import { randomKernels } from '../../../../native-worker/engine/random.ts';
import { GraphTrainer } from '../../../../native-worker/jobs/training/graph-trainer.ts';
import { pictureBatch } from '../../../support/picture-batch.ts';
import { stateOf } from '../../../support/state-of.ts';
import { tinyConfig } from '../../../support/training-library.ts';

const { network, training: tiny } = tinyConfig({ batchSize: 8, rampUpImages: 0, horizontalFlips: true });

interface Way {
  readonly rung: RungName;
  readonly training?: Partial<TrainingConfig>;
  readonly devices?: number;
}

/** Losses of some steps and the whole state after them. @param measured numbers of the steps that are measured */
async function learned({ rung, training: change, devices = 1 }: Way, measured: readonly number[]) {
  const plan = planNetwork(
    { ...network, dropout: 0.1, switches: rungs[rung].switches },
    { resolution: 8, channels: 3, labelDim: 2 },
  );
  const training = { ...tiny, ...change };
  const start = initialSource(plan, randomSource(randomKernels, 1, 0));
  const trainer = await GraphTrainer.open({ plan, training, grid: { average: 0, count: 4 }, devices }, start);
  const losses: number[] = [];
  for (let k = 0; k < 4; k += 1) {
    const step = await trainer.step(8 * k, pictureBatch([8, 8, 8, 3], 2, k), measured.includes(k));
    losses.push(...step!.perImage.loss);
  }
  const state = await stateOf(trainer, plan, training.sigmaRels.length);
  trainer.dispose();
  return { losses, state };
}

test.each<Way>([
  { rung: 'G' },
  { rung: 'C' },
  { rung: 'G', training: { microBatch: 2 } },
  { rung: 'G', training: { precision: 'bf16' } },
  { rung: 'G', devices: 2 },
])('what is measured changes nothing of what is learned, to the last bit: %o', async (way) => {
  const never = await learned(way, []);
  expect(await learned(way, [0, 1, 2, 3])).toEqual(never);
  expect(await learned(way, [2])).toEqual(never);
});

// TensorFlow adds up biases in another order where nobody looks at what they are added to.
test('with biases it changes no more than rounding', async () => {
  const never = await learned({ rung: 'A' }, []);
  const always = await learned({ rung: 'A' }, [0, 1, 2, 3]);
  always.losses.forEach((loss, at) => expect(loss / never.losses[at]!).toBeCloseTo(1, 5));
});
