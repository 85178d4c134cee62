import type { Scalar, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../contract/architecture.ts';
import type { TrainingConfig } from '../../contract/training.ts';
import { finiteGradient } from '../edm2/adam.ts';
import { fullPrecision, reducedPrecision } from '../edm2/precision.ts';
import { trainStep } from '../edm2/train-step.ts';
import type { Batch, StepScalars } from '../edm2/types.ts';
import type { Updates } from '../edm2/updates.ts';
import { float32, type Entry, type Given } from '../engine/graph/program.ts';
import { tf } from '../engine/tensorflow.ts';
import { stateNames, unflattenState, type StateLayout } from './flat-state.ts';

/**
 * A training step as an entry of a program whose state is a training state (`flattenState`): Adam and the averages
 * change it in place, by TensorFlow's own kernels. Inputs are those of `stepInputs`; outputs are `lossPerImage` [N],
 * and `weights` and `activations`, the magnitudes.
 */
export function trainingStep(plan: NetworkPlan, training: TrainingConfig, layout: StateLayout): Entry {
  const { resolution, channels, labelDim } = plan.shape;
  const { batchSize } = training;
  const rates = Array.from({ length: layout.averages }, (_, index) => [averageRate(index), float32()] as const);
  return {
    inputs: {
      images: float32(batchSize, resolution, resolution, channels),
      ...(labelDim > 0 ? { labels: float32(batchSize, labelDim) } : {}),
      learningRate: float32(),
      firstCorrection: float32(),
      secondCorrection: float32(),
      ...Object.fromEntries(rates),
    },
    run: (given) => {
      const { inputs, random } = given;
      const state = unflattenState(given.state, layout);
      const scalars = scalarsOf(inputs, layout.averages);
      const updates = updatesInPlace(given);
      const precision = training.precision === 'fp32' ? fullPrecision : reducedPrecision(given.casts);
      const result = trainStep(plan, training, state, batchOf(inputs), scalars, random, true, updates, precision);
      const { weights, activations } = result.magnitudes!;
      return { outputs: { lossPerImage: result.lossPerImage, weights, activations } };
    },
  };
}

/** What a run of the entry is fed with; the tensors are the same. */
export function stepInputs(batch: Batch, { averageRates, ...scalars }: StepScalars): Record<string, Tensor> {
  const { images, labels } = batch;
  const rates = Object.fromEntries(averageRates.map((rate, index) => [averageRate(index), rate]));
  return { images, ...(labels === null ? {} : { labels }), ...scalars, ...rates };
}

/** The batch among an entry's inputs. */
export function batchOf(inputs: Given['inputs']): Batch {
  return { images: inputs.images as Tensor4D, labels: (inputs.labels as Tensor2D | undefined) ?? null };
}

const averageRate = (index: number): string => `averageRate${index}`;

function scalarsOf(inputs: Given['inputs'], averages: number): StepScalars {
  const { learningRate, firstCorrection, secondCorrection } = inputs as Record<string, Scalar>;
  return {
    learningRate: learningRate!,
    firstCorrection: firstCorrection!,
    secondCorrection: secondCorrection!,
    averageRates: Array.from({ length: averages }, (_, index) => inputs[averageRate(index)] as Scalar),
  };
}

/** Adam and the averages by TensorFlow's in-place kernels. */
function updatesInPlace({ inPlace }: Given): Updates {
  return {
    adam: (name, { value, first, second }, gradient, training, scalars) => {
      const names = {
        parameter: stateNames.parameter(name),
        first: stateNames.first(name),
        second: stateNames.second(name),
      };
      const betas = { first: training.adamBeta1, second: training.adamBeta2 };
      const adam = {
        learningRate: scalars.learningRate,
        firstPower: tf.sub(1, tf.reciprocal(scalars.firstCorrection)),
        secondPower: tf.sub(1, tf.reciprocal(tf.square(scalars.secondCorrection))),
        epsilon: tf.div(training.adamEps, scalars.secondCorrection),
      };
      return {
        value: inPlace.adam(names, value, finiteGradient(gradient, training.nonFinite), adam, betas),
        first,
        second,
      };
    },
    average: (index, name, ema, value, rate) => {
      inPlace.approach(stateNames.average(index, name), value, rate);
      return ema;
    },
  };
}
