import * as tf from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import type { ParameterPlan } from '../../../contract/plan.ts';
import { networkStacks, type Network } from '../network/network.ts';
import { internalShape } from '../tensors/layout.ts';
import type { Buffers, RandomSource, Stacks, TrainState } from '../tensors/types.ts';

/**
 * Where a training state comes from, tensor by tensor, so that it need not be in memory twice. Each tensor belongs to who
 * asked for it.
 */
export interface StateSource {
  parameter(name: string): tf.Tensor;
  /** Adam's moments of a parameter. */
  firstMoment(name: string): tf.Tensor;
  secondMoment(name: string): tf.Tensor;
  /** @param index along `TrainingConfig.sigmaRels` */
  average(index: number, name: string): tf.Tensor;
  buffer(name: string): tf.Tensor1D;
}

/** All of it at once, in stacks. @param averages how many are kept */
export function readState(plan: NetworkPlan, averages: number, source: StateSource): TrainState {
  const each = (read: (name: string) => tf.Tensor): Stacks =>
    Object.fromEntries(
      networkStacks(plan).map(({ name, members }) => [name, tf.tidy(() => tf.stack(members.map(read)))]),
    );
  return {
    parameters: each((name) => source.parameter(name)),
    firstMoments: each((name) => source.firstMoment(name)),
    secondMoments: each((name) => source.secondMoment(name)),
    averages: Array.from({ length: averages }, (_, index) => each((name) => source.average(index, name))),
    buffers: Object.fromEntries(plan.buffers.map(({ name }) => [name, source.buffer(name)])),
  };
}

/**
 * A network that has seen nothing: parameters as `plan` says (in config G weights N(0, 1) and gains 0), Fourier
 * frequencies 2π·N(0, 1) and phases 2π·U(0, 1), empty moments, averages equal to the weights. In A, B and G it denoises
 * to c_skip · x. A tensor that is asked for again is drawn again.
 *
 * Source: arXiv:2312.02696, Sec. B.4 (config D and later), Eq. 35 and 104.
 */
export function initialSource(plan: NetworkPlan, random: RandomSource): StateSource {
  const parameters = new Map(plan.parameters.map((parameter) => [parameter.name, parameter]));
  const buffers = new Map(plan.buffers.map((buffer) => [buffer.name, buffer]));
  const parameter = (name: string): tf.Tensor => initialValue(parameters.get(name)!, random);
  const zeros = (name: string): tf.Tensor => tf.zeros(internalShape(parameters.get(name)!.shape));
  return {
    parameter,
    firstMoment: zeros,
    secondMoment: zeros,
    average: (_index, name) => parameter(name),
    buffer: (name) => initialBuffer(buffers.get(name)!, random),
  };
}

/**
 * The same, whole.
 *
 * @param averages how many are kept
 * @returns        tensors that belong to the caller (`disposeState`)
 */
export function initialState(plan: NetworkPlan, averages: number, random: RandomSource): TrainState {
  return readState(plan, averages, initialSource(plan, random));
}

/** A network that has seen nothing, without what training adds. @returns tensors that belong to the caller */
export function initialNetwork(plan: NetworkPlan, random: RandomSource): Network {
  const source = initialSource(plan, random);
  return {
    plan,
    parameters: Object.fromEntries(plan.parameters.map(({ name }) => [name, source.parameter(name)])),
    buffers: Object.fromEntries(plan.buffers.map(({ name }) => [name, source.buffer(name)])),
  };
}

/** The state in which training starts from given weights: empty moments, averages equal to the weights. */
export function freshState(parameters: Stacks, buffers: Buffers, averages: number): TrainState {
  const each = (f: (x: tf.Tensor) => tf.Tensor): Stacks =>
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

function initialBuffer({ name, shape, role }: NetworkPlan['buffers'][number], random: RandomSource): tf.Tensor1D {
  return tf.tidy(() => {
    const draw =
      role === 'frequencies' ? random.normal([...shape], `init ${name}`) : random.uniform([...shape], `init ${name}`);
    return tf.mul<tf.Tensor1D>(draw, 2 * Math.PI);
  });
}
