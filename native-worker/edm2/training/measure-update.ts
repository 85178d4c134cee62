import * as tf from '@tensorflow/tfjs-core';
import { weightNames, type NetworkPlan } from '../../../contract/architecture.ts';
import { layerScope } from '../../../contract/profile.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import { networkStacks } from '../network/network.ts';
import type { Stack } from '../network/stacks.ts';
import { forceStack, isWeight, unitAxes } from '../network/weights.ts';
import { euclideanNorm, lookUp, quotientOrZero } from '../tensors/kernels.ts';
import type { Stacks } from '../tensors/types.ts';
import { finiteGradient } from './adam.ts';
import { microBatches } from './gradients.ts';

/** What is measured of each weight's step, in the order of the rows of `UpdateMeasures.layers`. */
export const updateKinds = ['weight', 'gradient', 'update', 'angle', 'radial', 'non-finite'] as const;

/** What is measured of a step of the optimiser. */
export interface UpdateMeasures {
  /** `updateKinds` of each weight in the order of `weightNames`, [6, weights]. */
  readonly layers: tf.Tensor2D;
  /** Root mean square of each output unit of each weight in the step, weights in the order of `weightStacks`, [units]. */
  readonly units: tf.Tensor1D;
  /** The gains in the step, in the order of `gainStacks`, [gains]; null: there are none. */
  readonly gains: tf.Tensor1D | null;
}

/** The stacks of weights, in the order in which `UpdateMeasures.units` holds their output units. */
export function weightStacks(plan: NetworkPlan): Stack[] {
  return networkStacks(plan).filter(isWeight);
}

/** Those of gains. */
export function gainStacks(plan: NetworkPlan): Stack[] {
  return networkStacks(plan).filter(({ shape }) => shape.length === 0);
}

/** A step of the optimiser. */
export interface StepTaken {
  /** The parameters from which it went on (`inStep`). */
  readonly current: Stacks;
  /** As Adam left them. */
  readonly next: Stacks;
  /** Of the scaled loss, summed over the batch, as they come. */
  readonly gradients: Stacks;
}

/**
 * Measures what a step does to the weights. An update is what lies between the weights of two steps in a row: from E on, what
 * Adam left is forced as the next step will force it, in a temporary.
 *
 * Per output unit, w and w' its weights in this step and the next, g its gradient: the angle is that between w and w', computed
 * as 2·atan2(‖ŵ − ŵ'‖, ‖ŵ + ŵ'‖), which keeps its digits where angles are small (Kahan); the radial part is
 * |w·g|/(‖w‖‖g‖), 0 without a gradient. Both are averaged over the units.
 *
 * Source: docs/dynamics.md; the paper's effective learning rate, arXiv:2312.02696, Sec. 2.3.
 */
export function measureUpdate(
  plan: NetworkPlan,
  training: Pick<TrainingConfig, 'batchSize' | 'microBatch' | 'lossScaling' | 'nonFinite'>,
  { current, next, gradients }: StepTaken,
): UpdateMeasures {
  const forced = plan.config.switches.weightNorm === 'forced';
  const again = microBatches(training) > 1; // as `inStep` forces what the optimiser goes on from
  const stacks = weightStacks(plan);
  const measured = stacks.map((stack) => {
    const [w, left, gradient] = [current[stack.name]!, next[stack.name]!, gradients[stack.name]!];
    return tf.tidy(layerScope('optimiser', stack.name), () => {
      const after = forced ? forceStack(stack, left, again) : left;
      return measureStack(w, after, gradient, training) as MeasuredStack & tf.TensorContainerObject;
    });
  });
  const joined = tf.concat<tf.Tensor2D>(
    measured.map(({ layers }) => layers),
    1,
  );
  const measures: UpdateMeasures = {
    layers: inNetworkOrder(plan, stacks, joined),
    units: tf.concat(measured.map(({ units }) => units)),
    gains: gainsOf(gainStacks(plan).map(({ name }) => current[name] as tf.Tensor1D)),
  };
  tf.dispose([joined, measured] as never);
  return measures;
}

/** Root mean square of each output unit of each weight, weights in the order of `weightStacks`, [units]. */
export function unitMagnitudes(plan: NetworkPlan, parameters: Stacks): tf.Tensor1D {
  return tf.concat(weightStacks(plan).map(({ name }) => magnitudesOf(parameters[name]!)));
}

/** @param w stacked weights, [members, …, units]. @returns [members · units] */
function magnitudesOf(w: tf.Tensor, norm: tf.Tensor = euclideanNorm(w, unitAxes(w))): tf.Tensor1D {
  const fanIn = unitAxes(w).reduce((product, axis) => product * w.shape[axis]!, 1);
  return tf.div(tf.reshape<tf.Rank.R1>(norm, [-1]), Math.sqrt(fanIn));
}

function gainsOf(stacks: tf.Tensor1D[]): tf.Tensor1D | null {
  return stacks.length === 0 ? null : tf.concat(stacks);
}

interface MeasuredStack {
  /** [6, members]. */
  readonly layers: tf.Tensor2D;
  /** [members · units]. */
  readonly units: tf.Tensor1D;
}

/** @param w stacked weights, [members, …, units]; the others of the same shape */
function measureStack(
  w: tf.Tensor,
  after: tf.Tensor,
  gradient: tf.Tensor,
  { lossScaling, nonFinite }: Pick<TrainingConfig, 'lossScaling' | 'nonFinite'>,
): MeasuredStack {
  const members = w.shape[0];
  const axes = unitAxes(w);
  const perUnit = (norm: tf.Tensor): tf.Tensor2D => tf.reshape(norm, [members, -1]); // [members, units]
  const rms = (x: tf.Tensor): tf.Tensor1D => tf.sqrt(tf.mean(tf.square(tf.reshape(x, [members, -1])), 1));
  const g = tf.div(finiteGradient(gradient, nonFinite), lossScaling);
  const [norm, normAfter, normOfGradient] = [w, after, g].map((x) => euclideanNorm(x, axes)) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const [from, to] = [quotientOrZero(w, norm), quotientOrZero(after, normAfter)];
  const apart = euclideanNorm(tf.sub(to, from), axes);
  const together = euclideanNorm(tf.add(to, from), axes);
  const angle = tf.mul(2, tf.atan2(apart, together));
  const radial = quotientOrZero(tf.abs(tf.sum(tf.mul(from, g), axes, true)), normOfGradient);
  const finite = tf.cast(tf.isFinite(gradient), 'float32');
  const rows: tf.Tensor1D[] = [
    rms(w),
    rms(g),
    rms(tf.sub(after, w)),
    tf.mean(perUnit(angle), 1),
    tf.mean(perUnit(radial), 1),
    tf.sum(tf.sub(1, finite), [...axes, w.rank - 1]),
  ];
  return { layers: tf.stack(rows) as tf.Tensor2D, units: magnitudesOf(w, norm) };
}

/** Sorts columns of stacks as `weightNames` has them. */
function inNetworkOrder(plan: NetworkPlan, stacks: readonly Stack[], x: tf.Tensor2D): tf.Tensor2D {
  const at = new Map(stacks.flatMap(({ members }) => members).map((name, index) => [name, index]));
  const order = weightNames(plan).map((name) => at.get(`${name}.weight`)!);
  const [rows, columns] = x.shape;
  const indices = Array.from({ length: rows }, (_, row) => order.map((column) => row * columns + column));
  return tf.tidy(() =>
    lookUp(tf.reshape<tf.Rank.R1>(x, [-1]), tf.tensor2d(indices, [rows, columns], 'int32')),
  ) as tf.Tensor2D;
}
