import type * as tf from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import type { Parameters, TrainState } from '../tensors/types.ts';

/**
 * Where a training state comes from, tensor by tensor, so that it need not be in memory twice. Each tensor belongs to who
 * asked for it.
 */
export interface StateSource {
  parameter(name: string): tf.Tensor;
  /** Adam's moments of a parameter. */
  firstMoment(name: string): tf.Tensor;
  secondMoment(name: string): tf.Tensor;
  /** @param index along `TrainingConfig.emaStds` */
  average(index: number, name: string): tf.Tensor;
  buffer(name: string): tf.Tensor1D;
}

/** All of it at once. @param averages how many are kept */
export function readState(plan: NetworkPlan, averages: number, source: StateSource): TrainState {
  const each = (read: (name: string) => tf.Tensor): Parameters =>
    Object.fromEntries(plan.parameters.map(({ name }) => [name, read(name)]));
  return {
    parameters: each((name) => source.parameter(name)),
    firstMoments: each((name) => source.firstMoment(name)),
    secondMoments: each((name) => source.secondMoment(name)),
    averages: Array.from({ length: averages }, (_, index) => each((name) => source.average(index, name))),
    buffers: Object.fromEntries(plan.buffers.map(({ name }) => [name, source.buffer(name)])),
  };
}
