import * as tf from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import { internalShape } from '../tensors/layout.ts';
import type { Precision } from '../tensors/precision.ts';
import type { Buffers, Parameters, Stacks } from '../tensors/types.ts';
import { networkLayers, type ReadyNetwork } from './precondition.ts';
import { stacksOf, type NamedShape, type Stack } from './stacks.ts';
import { parametersInUse } from './weights.ts';

/** A network with its parameters as stored or averaged. */
export interface Network {
  readonly plan: NetworkPlan;
  readonly parameters: Parameters;
  readonly buffers: Buffers;
}

/** The same, its parameters in stacks (`networkStacks`). */
export interface StackedNetwork {
  readonly plan: NetworkPlan;
  readonly parameters: Stacks;
  readonly buffers: Buffers;
}

const planned = new WeakMap<NetworkPlan, readonly Stack[]>();

/** The stacks of a network; every parameter is in one of them. */
export function networkStacks(plan: NetworkPlan): readonly Stack[] {
  let stacks = planned.get(plan);
  if (stacks === undefined) {
    const shapes = plan.parameters.map(({ name, shape }): NamedShape => [name, internalShape(shape)]);
    stacks = stacksOf(shapes, networkLayers(plan));
    planned.set(plan, stacks);
  }
  return stacks;
}

/**
 * A network ready to be evaluated, once or often: nothing but activations is normalised any more, gains and constants are
 * part of the weights. Training makes it anew in each step, with gradients.
 *
 * @param network   stays the caller's; the result shares its buffers
 * @param precision of the filters
 * @returns         `inUse` is the caller's
 */
export function ready({ plan, parameters, buffers }: Network, precision?: Precision): ReadyNetwork {
  const stored = ({ members }: Stack): tf.Tensor => tf.stack(members.map((member) => parameters[member]!));
  const used = parametersInUse(networkStacks(plan), networkLayers(plan), plan.config.switches, stored, precision);
  return { plan, inUse: used, buffers };
}

/** As `ready`. */
export function readyFromStacks({ plan, parameters, buffers }: StackedNetwork, precision?: Precision): ReadyNetwork {
  const stored = ({ name }: Stack): tf.Tensor => parameters[name]!;
  const used = parametersInUse(networkStacks(plan), networkLayers(plan), plan.config.switches, stored, precision);
  return { plan, inUse: used, buffers };
}
