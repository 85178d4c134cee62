import * as tf from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../contract/architecture.ts';
import type { ParameterPlan } from '../../contract/plan.ts';
import type { Buffers, Parameters, RandomSource, TrainState } from './types.ts';

/**
 * A network that has seen nothing: parameters as `plan` says (in config G weights N(0, 1) and gains 0), Fourier
 * frequencies 2π·N(0, 1) and phases 2π·U(0, 1), empty moments, averages equal to the weights. In A, B and G it denoises
 * to c_skip · x.
 *
 * @param averages how many power-function averages are kept
 * @returns        tensors that belong to the caller (`disposeState`)
 *
 * Source: arXiv:2312.02696, Sec. B.4 (config D and later), Eq. 35 and 104.
 */
export function initialState(plan: NetworkPlan, averages: number, random: RandomSource): TrainState {
  const parameters: Parameters = Object.fromEntries(
    plan.parameters.map((parameter) => [parameter.name, initialValue(parameter, random)]),
  );
  const buffers: Buffers = Object.fromEntries(
    plan.buffers.map(({ name, shape, role }) => {
      const draw =
        role === 'frequencies' ? random.normal([...shape], `init ${name}`) : random.uniform([...shape], `init ${name}`);
      const scaled = tf.mul<tf.Tensor1D>(draw, 2 * Math.PI);
      draw.dispose();
      return [name, scaled];
    }),
  );
  return freshState(parameters, buffers, averages);
}

/** The state in which training starts from given weights: empty moments, averages equal to the weights. */
export function freshState(parameters: Parameters, buffers: Buffers, averages: number): TrainState {
  const each = (f: (x: tf.Tensor) => tf.Tensor): Parameters =>
    Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, f(value)]));
  return {
    parameters,
    buffers,
    firstMoments: each((x) => tf.zerosLike(x)),
    secondMoments: each((x) => tf.zerosLike(x)),
    averages: Array.from({ length: averages }, () => each((x) => x.clone())),
  };
}

/** Frees everything a state holds but its buffers, which the next state shares. */
export function disposeState({ parameters, firstMoments, secondMoments, averages }: TrainState): void {
  tf.dispose([parameters, firstMoments, secondMoments, ...averages]);
}

function initialValue({ name, shape, initial }: ParameterPlan, random: RandomSource): tf.Tensor {
  const inside = internalShape(shape);
  switch (initial.kind) {
    case 'normal':
      return random.normal(inside, `init ${name}`);
    case 'uniform':
      return tf.tidy(() => tf.mul(tf.sub(random.uniform(inside, `init ${name}`), 0.5), 2 * initial.bound));
    case 'constant':
      return tf.fill(inside, initial.value);
    default:
      return initial satisfies never;
  }
}

/** OIHW to [K, K, Cin, Cout], [out, in] to [in, out]. */
function internalShape(shape: readonly number[]): number[] {
  if (shape.length === 4) return [shape[2]!, shape[3]!, shape[1]!, shape[0]!];
  return [...shape].reverse();
}
