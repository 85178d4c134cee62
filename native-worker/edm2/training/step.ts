import * as tf from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import { layerScope } from '../../../contract/profile.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import type { StackedNetwork } from '../network/network.ts';
import type { Batch, RandomSource, Stacks, StepResult, StepScalars, TrainState } from '../tensors/types.ts';
import { newTensors, type AdamSlot, type Updates } from './adam.ts';
import { measureUpdate } from './measure-update.ts';
import { batchGradients, type Backward, type BatchGradients } from './gradients.ts';

/**
 * One optimiser step, as a pure function: nothing is read back from the device, no clock, no randomness of its own.
 *
 * Forced normalisation (from E on), noise, loss and gradients, Adam, averages, in this order. So stored weights, and what
 * enters the averages, are as Adam left them; the next step begins by forcing them.
 *
 * @param scalars `stepScalars(training, nimg)`
 * @param random  all random numbers of the step
 * @param how     loss and gradients are computed; what the state holds is float32 always. With `measure` comes what was measured, too
 * @param updates how Adam and the averages are applied
 * @returns       a new state and what was measured; the caller disposes the old state (`disposeState`)
 *
 * Source: arXiv:2312.02696, Sec. 2 and App. B.
 */
export function trainStep(
  plan: NetworkPlan,
  training: TrainingConfig,
  state: TrainState,
  batch: Batch,
  scalars: StepScalars,
  random: RandomSource,
  how: Partial<Backward> = {},
  updates: Updates = newTensors,
): StepResult {
  return tf.tidy(() => {
    const network: StackedNetwork = { plan, parameters: state.parameters, buffers: state.buffers };
    const backward = batchGradients(network, training, batch, random, how);
    const result = applyGradients(plan, training, state, backward, scalars, updates);
    return result as StepResult & tf.TensorContainerObject;
  });
}

/**
 * The end of a step, whose gradients are there: Adam on every parameter, then the averages of what it left.
 *
 * @param backward of the whole batch
 * @returns        as `trainStep`
 */
export function applyGradients(
  plan: NetworkPlan,
  training: TrainingConfig,
  state: TrainState,
  { parameters, gradients, perImage, forward }: BatchGradients,
  scalars: StepScalars,
  updates: Updates = newTensors,
): StepResult {
  return tf.tidy(() => {
    const next = updateState(state, parameters, gradients, training, scalars, updates);
    const step = { current: parameters, next: next.parameters, gradients };
    const result: StepResult = {
      state: next,
      loss: tf.mean(tf.slice(perImage, 0, 1)),
      perImage,
      measured: forward === null ? null : { forward, ...measureUpdate(plan, training, step) },
    };
    return result as StepResult & tf.TensorContainerObject;
  });
}

/** Adam on every parameter, then the averages of what it left. @param current the parameters where the gradients are (`inStep`) */
export function updateState(
  state: TrainState,
  current: Stacks,
  gradients: Stacks,
  training: TrainingConfig,
  scalars: StepScalars,
  updates: Updates,
): TrainState {
  const parameters: Record<string, tf.Tensor> = {};
  const firstMoments: Record<string, tf.Tensor> = {};
  const secondMoments: Record<string, tf.Tensor> = {};
  for (const [name, value] of Object.entries(current)) {
    const slot = { value, first: state.firstMoments[name]!, second: state.secondMoments[name]! };
    const next = tf.tidy(
      layerScope('optimiser', name),
      () => updates.adam(name, slot, gradients[name]!, training, scalars) as AdamSlot & tf.TensorContainerObject,
    );
    parameters[name] = next.value;
    firstMoments[name] = next.first;
    secondMoments[name] = next.second;
  }
  const averages = state.averages.map((average, index) => {
    const rate = scalars.averageRates[index]!;
    return Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [
        name,
        tf.tidy(layerScope('optimiser', name), () => updates.average(index, name, average[name]!, value, rate)),
      ]),
    );
  });
  return { parameters, buffers: state.buffers, firstMoments, secondMoments, averages };
}
