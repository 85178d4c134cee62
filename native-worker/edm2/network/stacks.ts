import * as tf from '@tensorflow/tfjs-core';
import type { Parameters, Stacks } from '../tensors/types.ts';
import type { Layer } from './layers.ts';

/**
 * Parameters of one shape that are used alike, kept as one tensor [how many, ...shape]: what is done to each of them
 * (normalisation, Adam, averages) is one op for all, where a small op costs as much as a large one.
 */
export interface Stack {
  /** One of a network, such as "conv 3x3x128x128 2". */
  readonly name: string;
  /** Official names of the parameters, in order along the first axis. */
  readonly members: readonly string[];
  /** Of each of them, as inside. */
  readonly shape: readonly number[];
}

/**
 * Numbers of a stack at most, 2 MB, unless a single parameter has more: ops follow one another on a tensor that is still
 * in the processor's cache. Stacks of 14 MB were measured to take 1.7 times as long as their parts one by one.
 */
const LARGEST = 2 ** 19;

/** A parameter by name and shape, as inside. */
export type NamedShape = readonly [name: string, shape: readonly number[]];

/**
 * Sorts parameters into stacks.
 *
 * @param layers what is known of how weights are used; those of other layers are stacked by shape alone
 */
export function stacksOf(parameters: Iterable<NamedShape>, layers: readonly Layer[]): Stack[] {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const groups = new Map<string, { shape: readonly number[]; members: string[] }>();
  const names = new Set<string>();
  for (const [name, shape] of parameters) {
    names.add(name);
    const key = `${use(name, byName)} ${shape.join('x')}`.trimEnd();
    const group = groups.get(key) ?? { shape, members: [] };
    group.members.push(name);
    groups.set(key, group);
  }
  return [...groups].flatMap(([key, { shape, members }]) => {
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    const most = Math.max(1, Math.floor(LARGEST / size));
    const count = Math.ceil(members.length / most);
    return Array.from({ length: count }, (_, index) => ({
      name: count === 1 ? key : `${key} ${index + 1}`,
      members: members.slice(index * most, (index + 1) * most),
      shape,
    }));
  });
}

/** How a parameter is used: parameters of different use are in different stacks. */
function use(name: string, layers: ReadonlyMap<string, Layer>): string {
  const dot = name.lastIndexOf('.');
  const [owner, role] = [name.slice(0, dot), name.slice(dot + 1)];
  const layer = layers.get(owner);
  if (layer === undefined || (role !== 'weight' && role !== 'bias')) return role.endsWith('gain') ? 'gain' : role;
  const kind = role === 'weight' ? layer.kind : `bias of ${layer.kind}`;
  return layer.gain === undefined ? kind : `${kind} with gain`;
}

/** Puts parameters into stacks. @returns new tensors, which the caller disposes */
export function stackUp(stacks: readonly Stack[], parameters: Parameters): Stacks {
  return Object.fromEntries(
    stacks.map(({ name, members }) => [name, tf.stack(members.map((member) => parameters[member]!))]),
  );
}

/** The parameters of stacks, by their official names. @returns new tensors, which the caller disposes */
export function takeApart(stacks: readonly Stack[], stacked: Stacks): Parameters {
  const parts = stacks.flatMap(({ name, members }) => {
    const tensors = rowsOf(stacked[name]!);
    return members.map((member, index) => [member, tensors[index]!] as const);
  });
  return Object.fromEntries(parts);
}

/** The tensors that were stacked. tfjs can't differentiate an unstacking into one. */
export function rowsOf(stack: tf.Tensor): tf.Tensor[] {
  return stack.shape[0] === 1 ? [tf.reshape(stack, stack.shape.slice(1))] : tf.unstack(stack);
}
