import type { Tensor } from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../contract/architecture.ts';
import { networkStacks } from '../edm2/network/network.ts';
import type { StateSource } from '../edm2/training/state.ts';
import type { Buffers, Stacks, TrainState } from '../edm2/tensors/types.ts';
import { float32, type Specs } from '../engine/recording/program.ts';

/** Names of state in a graph: what it is, then the name of a stack; of its rows: what it is, then the official name. */
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
  const put = (tensors: Stacks, name: (of: string) => string): void => {
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

/** What of a training state there is, by the names of its stacks. */
export interface StateLayout {
  readonly parameters: readonly string[];
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly averages: number;
  readonly buffers: readonly string[];
}

/** The state of a run, before there is any. @param averages how many are kept */
export function plannedLayout(plan: NetworkPlan, averages: number): StateLayout {
  const stacks = networkStacks(plan);
  return {
    parameters: stacks.map(({ name }) => name),
    shapes: Object.fromEntries(stacks.map(({ name, members, shape }) => [name, [members.length, ...shape]])),
    averages,
    buffers: plan.buffers.map(({ name }) => name),
  };
}

/**
 * A training state as state of a program: stacks, which a session is fed and read by the official names of what is in them
 * (`stateSources`). @param averages how many are kept
 */
export function stateSpecs(plan: NetworkPlan, averages: number): Specs {
  const specs = networkStacks(plan).flatMap(({ name, members, shape }) =>
    ownersOf(averages).map((owner) => {
      const rows = members.map((member) => owner.name(member));
      return [owner.name(name), { ...float32(members.length, ...shape), rows }] as const;
    }),
  );
  const buffers = plan.buffers.map(({ name, shape }) => [stateNames.buffer(name), float32(...shape)] as const);
  return Object.fromEntries([...specs, ...buffers]);
}

/** How each tensor of a training state comes from a source, by what `stateSpecs` calls it. */
export function stateSources(
  plan: NetworkPlan,
  averages: number,
): ReadonlyMap<string, (source: StateSource) => Tensor> {
  const sources = plan.parameters.flatMap(({ name }) =>
    ownersOf(averages).map((owner) => [owner.name(name), (source: StateSource) => owner.read(source, name)] as const),
  );
  const buffers = plan.buffers.map(
    ({ name }) => [stateNames.buffer(name), (source: StateSource): Tensor => source.buffer(name)] as const,
  );
  return new Map([...sources, ...buffers]);
}

/** What there is of each parameter. */
interface Owner {
  readonly name: (official: string) => string;
  readonly read: (source: StateSource, official: string) => Tensor;
}

function ownersOf(averages: number): Owner[] {
  return [
    { name: stateNames.parameter, read: (source, name) => source.parameter(name) },
    { name: stateNames.first, read: (source, name) => source.firstMoment(name) },
    { name: stateNames.second, read: (source, name) => source.secondMoment(name) },
    ...Array.from({ length: averages }, (_, index): Owner => ({
      name: (official) => stateNames.average(index, official),
      read: (source, name) => source.average(index, name),
    })),
  ];
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
  const take = (names: readonly string[], name: (official: string) => string): Stacks =>
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
