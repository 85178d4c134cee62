import * as z from 'zod';
import { TrainingConfig } from '../../../contract/training.ts';
import { batchGradients } from '../../edm2/gradients.ts';
import { finiteOrZero } from '../../edm2/adam.ts';
import { freshState } from '../../edm2/initial.ts';
import { toOfficial } from '../../edm2/layout.ts';
import { elementLoss } from '../../edm2/loss.ts';
import { forceNormalize } from '../../edm2/mp-layers.ts';
import { denoise, logVariance } from '../../edm2/precondition.ts';
import type { Network } from '../../edm2/precondition.ts';
import { stepNumbers, stepScalars } from '../../edm2/step-scalars.ts';
import { trainStep } from '../../edm2/train-step.ts';
import type { Batch, Parameters, RandomSource } from '../../edm2/types.ts';
import { tf } from '../../engine/tensorflow.ts';
import type { ReferenceCase } from '../case-file.ts';
import { networkOf, override } from '../network-config.ts';
import type { Runner } from '../runner.ts';
import { numbers, numbersNchw, tensor, toNhwc } from '../tensors.ts';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '../tensors.ts';

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
export const runTrain: Runner = (reference) => {
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
  const { buffers } = network;
  const start = override(network.parameters, settings.state_override);
  let state = freshState(start, buffers, training.emaStds.length);

  for (let step = 1; step <= settings.train.steps; step++) {
    const nimg = (step - 1) * training.batchSize;
    const { batch, random } = drawsOf(reference, step - 1);
    const wants = (prefix: string): boolean =>
      Object.keys(reference.outputs).some((name) => name.startsWith(prefix) && name.includes(`step${step}`));

    if (step === 1 || wants('grad') || wants('loss')) {
      const stored = { ...network, parameters: state.parameters };
      const { gradients, sigma } = batchGradients(stored, training, batch, random);
      const finite = Object.entries(gradients).map(([name, gradient]) => [name, finiteOrZero(gradient)] as const);
      for (const [name, gradient] of finite) values.set(`grad.step${step}.${name}`, numbers(toOfficial(gradient)));
      values.set(
        `loss.step${step}`,
        numbersNchw(lossOf({ ...stored, parameters: forceNormalize(state.parameters) }, batch, random, sigma)),
      );
      atFirstStep.sigma_step1 ??= [...numbers(sigma)];
      atFirstStep.parameters_with_zero_gradient_step1 ??= finite.filter(
        ([, g]) => numbers(tf.max(tf.abs(g)))[0] === 0,
      ).length;
    }

    const result = trainStep(network.plan, training, state, batch, stepScalars(training, nimg), random);
    state = result.state;
    const loss = numbers(result.loss)[0]!;
    scalars.lr.push(stepNumbers(training, nimg).learningRate);
    scalars.cur_nimg_before.push(nimg);
    scalars.loss_mean.push(loss);
    scalars.loss_sum_per_image.push(loss * elements);
    if (wants('state')) store(values, `state.step${step}`, state.parameters);
    training.emaStds.forEach((std, index) => {
      if (wants('ema')) store(values, `ema-${std.toFixed(3)}.step${step}`, state.averages[index]!);
    });
  }
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
    emaStds: train.ema_stds,
  });
}

/** The batch of a step, and a random source that gives the numbers of the file. */
function drawsOf(reference: ReferenceCase, index: number): { batch: Batch; random: RandomSource } {
  const ofStep = (name: string): Tensor => {
    const all = tensor(reference, name);
    return tf.squeeze(tf.slice(all, index, 1), [0]);
  };
  const noise = toNhwc(ofStep('eps'));
  const normal = tf.reshape(ofStep('rnd_normal'), [-1]);
  return {
    batch: {
      images: toNhwc(ofStep('images')),
      labels: reference.has('labels') ? (ofStep('labels') as Tensor2D) : null,
    },
    random: {
      normal: (_shape, purpose) => (purpose === 'sigma' ? normal : noise).clone(),
      uniform: (_shape, purpose) => {
        throw new Error(`a reference step draws no uniform numbers, but "${purpose}" was asked for`);
      },
    },
  };
}

function lossOf(network: Network, { images, labels }: Batch, random: RandomSource, sigma: Tensor1D): Tensor4D {
  const noise = random.normal(images.shape, 'noise') as Tensor4D;
  const noisy = tf.add<Tensor4D>(images, tf.mul(noise, tf.reshape(sigma, [-1, 1, 1, 1])));
  const denoised = denoise(network, noisy, sigma, labels);
  return elementLoss(denoised, images, sigma, logVariance(network, sigma), network.plan.config.sigmaData);
}

function store(values: Map<string, Float32Array>, prefix: string, parameters: Parameters): void {
  for (const [name, value] of Object.entries(parameters)) values.set(`${prefix}.${name}`, numbers(toOfficial(value)));
}
