import type { Tensor } from '@tensorflow/tfjs-core';
import type { Buffers, Parameters, TrainState } from '../edm2/types.ts';

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
