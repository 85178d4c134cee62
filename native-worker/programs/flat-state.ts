import type { Tensor } from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../contract/architecture.ts';
import { internalShape } from '../edm2/tensors/layout.ts';
import type { StateSource } from '../edm2/training/state.ts';
import type { Buffers, Parameters, TrainState } from '../edm2/tensors/types.ts';

/** Names of state in a graph: what it is, then the official name. */
export const stateNames = {
  parameter: (name: string): string => `parameter/${name}`,
  first: (name: string): string => `first/${name}`,
  second: (name: string): string => `second/${name}`,
  average: (index: number, name: string): string => `average${index}/${name}`,
  buffer: (name: string): string => `buffer/${name}`,
  /** Gradients of the micro-batches of the step under way, added up; no part of a training state. */
  sum: (name: string): string => `sum/${name}`,
};

/** A training state as one record; the tensors are the same. */
export function flattenState(state: TrainState): Record<string, Tensor> {
  const flat: Record<string, Tensor> = {};
  const put = (tensors: Parameters, name: (official: string) => string): void => {
    for (const [official, tensor] of Object.entries(tensors)) flat[name(official)] = tensor;
  };
  put(state.parameters, stateNames.parameter);
  put(state.firstMoments, stateNames.first);
  put(state.secondMoments, stateNames.second);
  for (const [index, average] of state.averages.entries()) {
    put(average, (official) => stateNames.average(index, official));
  }
  put(state.buffers, stateNames.buffer);
  return flat;
}

/** What of a training state there is, by official names. */
export interface StateLayout {
  readonly parameters: readonly string[];
  /** Of each parameter, as it is inside. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly averages: number;
  readonly buffers: readonly string[];
}

/** The state of a run, before there is any. @param averages how many are kept */
export function plannedLayout(plan: NetworkPlan, averages: number): StateLayout {
  return {
    parameters: plan.parameters.map(({ name }) => name),
    shapes: Object.fromEntries(plan.parameters.map(({ name, shape }) => [name, internalShape(shape)])),
    averages,
    buffers: plan.buffers.map(({ name }) => name),
  };
}

/** A tensor of a training state: its shape inside, and how it comes from a source. */
export interface StatePart {
  readonly shape: readonly number[];
  readonly read: (source: StateSource) => Tensor;
}

/** All tensors of a training state, by their names in a graph. @param averages how many are kept */
export function stateParts(plan: NetworkPlan, averages: number): ReadonlyMap<string, StatePart> {
  const parts = new Map<string, StatePart>();
  for (const { name, shape: official } of plan.parameters) {
    const shape = internalShape(official);
    parts.set(stateNames.parameter(name), { shape, read: (source) => source.parameter(name) });
    parts.set(stateNames.first(name), { shape, read: (source) => source.firstMoment(name) });
    parts.set(stateNames.second(name), { shape, read: (source) => source.secondMoment(name) });
    for (let index = 0; index < averages; index += 1) {
      parts.set(stateNames.average(index, name), { shape, read: (source) => source.average(index, name) });
    }
  }
  for (const { name, shape } of plan.buffers) {
    parts.set(stateNames.buffer(name), { shape, read: (source) => source.buffer(name) });
  }
  return parts;
}

export function layoutOf({ parameters, averages, buffers }: TrainState): StateLayout {
  return {
    parameters: Object.keys(parameters),
    shapes: Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, shape])),
    averages: averages.length,
    buffers: Object.keys(buffers),
  };
}

/** The way back. */
export function unflattenState(
  flat: Readonly<Record<string, Tensor>>,
  { parameters, averages, buffers }: StateLayout,
): TrainState {
  const take = (names: readonly string[], name: (official: string) => string): Parameters =>
    Object.fromEntries(names.map((official) => [official, flat[name(official)]!]));
  return {
    parameters: take(parameters, stateNames.parameter),
    firstMoments: take(parameters, stateNames.first),
    secondMoments: take(parameters, stateNames.second),
    averages: Array.from({ length: averages }, (_, index) =>
      take(parameters, (official) => stateNames.average(index, official)),
    ),
    buffers: take(buffers, stateNames.buffer) as Buffers,
  };
}
