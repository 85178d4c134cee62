import { defaultSwitches } from '../../contract/switches.ts';
import type { Layer } from '../edm2/network/layers.ts';
import { stacksOf, stackUp, takeApart, type NamedShape, type Stack } from '../edm2/network/stacks.ts';
import { forceNormalize, parametersInUse } from '../edm2/network/weights.ts';
import type { Parameters } from '../edm2/tensors/types.ts';
import { tf } from '../engine/tensorflow.ts';
import type { Tensor } from './tensors.ts';

/** Parameters as layers of config G use them. @param layers those that own them */
export function usedByLayers(parameters: Parameters, layers: readonly Layer[]): Parameters {
  const stored = ({ members }: Stack): Tensor => tf.stack(members.map((member) => parameters[member]!));
  return parametersInUse(stacksFor(parameters, layers), layers, defaultSwitches, stored);
}

/** Parameters after forced normalisation. */
export function forced(parameters: Parameters): Parameters {
  const stacks = stacksFor(parameters, []);
  return takeApart(stacks, forceNormalize(stacks, stackUp(stacks, parameters)));
}

function stacksFor(parameters: Parameters, layers: readonly Layer[]): Stack[] {
  return stacksOf(
    Object.entries(parameters).map(([name, { shape }]): NamedShape => [name, shape]),
    layers,
  );
}
