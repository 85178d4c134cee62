import { finiteGradient, type Updates } from '../edm2/training/adam.ts';
import type { Given } from '../engine/recording/program.ts';
import { tf } from '../engine/tensorflow.ts';
import { stateNames } from './flat-state.ts';

/** Adam and the averages by TensorFlow's in-place kernels. */
export function updatesInPlace({ inPlace }: Given): Updates {
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
