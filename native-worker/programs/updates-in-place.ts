import { finiteGradient, type Updates } from '../edm2/training/adam.ts';
import { layerScope } from '../../contract/profile.ts';
import type { TrainingConfig } from '../../contract/training.ts';
import type { StepScalars } from '../edm2/tensors/types.ts';
import type { Given } from '../engine/recording/program.ts';
import { tf } from '../engine/tensorflow.ts';
import { stateNames } from './flat-state.ts';

type AdamSettings = Pick<TrainingConfig, 'adamBeta1' | 'adamBeta2' | 'adamEps'>;

/** Adam and the averages by TensorFlow's in-place kernels. @param scalars of the step */
export function updatesInPlace(
  { inPlace }: Given,
  { adamBeta1, adamBeta2, adamEps }: AdamSettings,
  scalars: StepScalars,
): Updates {
  const betas = { first: adamBeta1, second: adamBeta2 };
  const adam = tf.tidy(layerScope('optimiser', 'scalars'), () => ({
    learningRate: scalars.learningRate,
    firstPower: tf.sub(1, tf.reciprocal(scalars.firstCorrection)),
    secondPower: tf.sub(1, tf.reciprocal(tf.square(scalars.secondCorrection))),
    epsilon: tf.div(adamEps, scalars.secondCorrection),
  }));
  return {
    adam: (name, { value, first, second }, gradient, { nonFinite }) => {
      const names = {
        parameter: stateNames.parameter(name),
        first: stateNames.first(name),
        second: stateNames.second(name),
      };
      return { value: inPlace.adam(names, value, finiteGradient(gradient, nonFinite), adam, betas), first, second };
    },
    average: (index, name, ema, value, rate) => {
      inPlace.approach(stateNames.average(index, name), value, rate);
      return ema;
    },
  };
}

/** The same, each followed by clearing the sum of the parameter's gradients. */
export function clearSums({ inPlace }: Given, updates: Updates): Updates {
  return {
    ...updates,
    adam: (name, slot, ...rest) => {
      const next = updates.adam(name, slot, ...rest);
      inPlace.clear(stateNames.sum(name), next.value);
      return next;
    },
  };
}
