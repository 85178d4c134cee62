import * as z from 'zod';
import { TrainingConfig } from '../../../contract/training.ts';
import { networkStacks } from '../../edm2/network/network.ts';
import { stackUp, takeApart } from '../../edm2/network/stacks.ts';
import { freshState } from '../../edm2/training/state.ts';
import { toOfficial } from '../../edm2/tensors/layout.ts';
import { stepNumbers } from '../../edm2/training/schedule.ts';
import type { Batch, Stacks } from '../../edm2/tensors/types.ts';
import { tf } from '../../engine/tensorflow.ts';
import type { ReferenceCase } from '../case-file.ts';
import { networkOf, override } from '../network-config.ts';
import type { Runner } from '../runner.ts';
import { openSteps } from '../steps.ts';
import type { Draws } from '../steps.ts';
import { numbers, numbersNchw, tensor, toNhwc } from '../tensors.ts';
import type { Tensor, Tensor2D } from '../tensors.ts';

const Settings = z.looseObject({
  state_from: z.string(),
  state_override: z.record(z.string(), z.number()).default({}),
  train: z.strictObject({
    batch: z.int(),
    steps: z.int(),
    micro: z.int(),
    loss_scaling: z.number(),
    loss: z.strictObject({ P_mean: z.number(), P_std: z.number(), sigma_data: z.number() }),
    lr: z.strictObject({ ref_lr: z.number(), ref_batches: z.number(), rampup_Mimg: z.number() }),
    ema_stds: z.array(z.number()),
  }),
});

/** Some optimiser steps with given noise: the whole of `trainStep`, and what it computes on the way. */
export const runTrain: Runner = async (reference, engine) => {
  const settings = Settings.parse(reference.config);
  const network = networkOf(reference.open(settings.state_from));
  const training = trainingOf(settings.train);
  if (settings.train.loss.sigma_data !== network.plan.config.sigmaData) {
    throw new Error(`the loss has sigma_data ${settings.train.loss.sigma_data}, the network another`);
  }

  const values = new Map<string, Float32Array>();
  const scalars = {
    lr: [] as number[],
    cur_nimg_before: [] as number[],
    loss_mean: [] as number[],
    loss_sum_per_image: [] as number[],
  };
  const atFirstStep: Record<string, unknown> = {};
  const elements = network.plan.shape.channels * network.plan.shape.resolution ** 2;
  const parameters = override(network.parameters, settings.state_override);
  const stacks = networkStacks(network.plan);
  const start = freshState(stackUp(stacks, parameters), network.buffers, training.sigmaRels.length);
  const store = (prefix: string, stacked: Stacks): void => {
    for (const [name, value] of Object.entries(takeApart(stacks, stacked))) {
      values.set(`${prefix}.${name}`, numbers(toOfficial(value)));
    }
  };
  const steps = await openSteps(
    engine.how.engine,
    network.plan,
    { ...training, precision: engine.how.precision },
    start,
  );

  for (let step = 1; step <= settings.train.steps; step++) {
    const nimg = (step - 1) * training.batchSize;
    const { batch, draws } = given(reference, step - 1);
    const wants = (prefix: string): boolean =>
      Object.keys(reference.outputs).some((name) => name.startsWith(prefix) && name.includes(`step${step}`));

    if (step === 1 || wants('grad') || wants('loss')) {
      const { loss, sigma, gradients } = await steps.look(batch, draws);
      store(`grad.step${step}`, gradients);
      values.set(`loss.step${step}`, numbersNchw(loss));
      atFirstStep.sigma_step1 ??= [...numbers(sigma)];
      atFirstStep.parameters_with_zero_gradient_step1 ??= Object.values(takeApart(stacks, gradients)).filter(
        (gradient) => numbers(tf.max(tf.abs(gradient)))[0] === 0,
      ).length;
    }

    const loss = numbers(tf.mean(await steps.step(nimg, batch, draws)))[0]!;
    scalars.lr.push(stepNumbers(training, nimg).learningRate);
    scalars.cur_nimg_before.push(nimg);
    scalars.loss_mean.push(loss);
    scalars.loss_sum_per_image.push(loss * elements);
    if (!wants('state') && !wants('ema')) continue;
    const state = await steps.state();
    store(`state.step${step}`, state.parameters);
    training.sigmaRels.forEach((std, index) => {
      store(`ema-${std.toFixed(3)}.step${step}`, state.averages[index]!);
    });
  }
  steps.close();
  return { values, scalars: { ...scalars, ...atFirstStep } };
};

function trainingOf(train: z.infer<typeof Settings>['train']): TrainingConfig {
  return TrainingConfig.parse({
    batchSize: train.batch,
    microBatch: train.micro,
    durationImages: train.batch * train.steps,
    pMean: train.loss.P_mean,
    pStd: train.loss.P_std,
    learningRate: train.lr.ref_lr,
    decayBatches: train.lr.ref_batches,
    rampUpImages: train.lr.rampup_Mimg * 1e6,
    lossScaling: train.loss_scaling,
    sigmaRels: train.ema_stds,
  });
}

/** The batch of a step, and its random numbers. */
function given(reference: ReferenceCase, index: number): { batch: Batch; draws: Draws } {
  const ofStep = (name: string): Tensor => {
    const all = tensor(reference, name);
    return tf.squeeze(tf.slice(all, index, 1), [0]);
  };
  return {
    batch: {
      images: toNhwc(ofStep('images')),
      labels: reference.has('labels') ? (ofStep('labels') as Tensor2D) : null,
    },
    draws: { sigma: tf.reshape(ofStep('rnd_normal'), [-1]), noise: toNhwc(ofStep('eps')) },
  };
}
