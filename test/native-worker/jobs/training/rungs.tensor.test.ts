import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { planNetwork } from '../../../../contract/architecture.ts';
import { climb, rungNames } from '../../../../contract/ladder.ts';
import { findPreset } from '../../../../contract/presets.ts';
import { RunConfig } from '../../../../contract/training.ts';
import { initialSource, readState } from '../../../../native-worker/edm2/training/state.ts';
import { randomSource } from '../../../../native-worker/edm2/tensors/random.ts';
import { tensorOf } from '../../../../native-worker/engine/session/host.ts';
import { randomKernels } from '../../../../native-worker/engine/random.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { EagerTrainer } from '../../../../native-worker/jobs/training/eager-trainer.ts';
import { GraphTrainer } from '../../../../native-worker/jobs/training/graph-trainer.ts';
import type { Trainer, TrainerPlan } from '../../../../native-worker/jobs/training/trainer.ts';
import { pictureBatch } from '../../../support/picture-batch.ts';

const demo = findPreset('demo')!.config;
const small = RunConfig.parse({
  ...demo,
  network: {
    ...demo.network,
    ...{ modelChannels: 8, channelMult: [1, 2], numBlocks: 1, attnResolutions: [4], channelsPerHead: 8 },
  },
  training: { ...demo.training, batchSize: 4, rampUpImages: 0 },
});

// Three steps on fixed pictures, in both engines from the same start.
test.each(rungNames)('config %s trains as one graph as it does op by op', async (rung) => {
  const { network, training } = climb(small, rung);
  const plan = planNetwork(network, { resolution: 8, channels: 3, labelDim: 4 });
  const random = randomSource(randomKernels, 1, 0);
  const batch = pictureBatch([4, 8, 8, 3], 4);
  const start = initialSource(plan, random);
  const shared: TrainerPlan = { plan, training, grid: { average: 0, count: 4 } };
  const noise = tf.mul<Tensor4D>(random.normal([4, 8, 8, 3], 'pictures'), 0.5);
  const run = async (trainer: Trainer): Promise<{ losses: number[]; drawn: number[] }> => {
    const losses: number[] = [];
    for (const nimg of [0, 4, 8]) losses.push(...(await trainer.step(nimg, batch, false))!.perImage.loss);
    const sampler = trainer.sampler();
    await sampler.begin(noise, 1, tensorOf(batch.labels!) as Tensor2D);
    await sampler.runStage({ sigma: 0.5, current: -0.5, previous: 0, last: 1 });
    const drawn = [...(await sampler.pictures()).dataSync()];
    sampler.dispose();
    trainer.dispose();
    return { losses, drawn };
  };
  const eager = await run(new EagerTrainer(shared, readState(plan, training.sigmaRels.length, start)));
  const graph = await run(await GraphTrainer.open(shared, start));
  graph.losses.forEach((loss, index) => expect(loss).toBeCloseTo(eager.losses[index]!, 3));
  graph.drawn.forEach((value, index) => expect(value).toBeCloseTo(eager.drawn[index]!, 2));
});
