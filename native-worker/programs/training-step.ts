import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../contract/architecture.ts';
import type { TrainingConfig } from '../../contract/training.ts';
import { encodeBytes } from '../edm2/pixels.ts';
import { precisionOf } from '../edm2/precision.ts';
import { trainStep } from '../edm2/train-step.ts';
import type { StepNumbers } from '../edm2/step-scalars.ts';
import type { Batch } from '../edm2/types.ts';
import type { Fed } from '../engine/graph/host.ts';
import { float32, type Entry, type Given } from '../engine/graph/program.ts';
import { unflattenState, type StateLayout } from './flat-state.ts';
import { scalarInputs, scalarSpecs, scalarsOf } from './scalar-inputs.ts';
import { updatesInPlace } from './updates-in-place.ts';

/**
 * A training step as an entry of a program whose state is a training state (`flattenState`): Adam and the averages
 * change it in place, by TensorFlow's own kernels. Inputs are those of `stepInputs`; outputs are `lossPerImage` [N],
 * and `weights` and `activations`, the magnitudes. The program must reduce to the run's precision (`reducedTypeOf`).
 *
 * @param pictures as which they are fed: bytes, which the graph encodes, or numbers in the network's range
 */
export function trainingStep(
  plan: NetworkPlan,
  training: TrainingConfig,
  layout: StateLayout,
  pictures: 'uint8' | 'float32' = 'uint8',
): Entry {
  const { resolution, channels, labelDim } = plan.shape;
  const { batchSize } = training;
  return {
    inputs: {
      images: { dtype: pictures, shape: [batchSize, resolution, resolution, channels] },
      ...(labelDim > 0 ? { labels: float32(batchSize, labelDim) } : {}),
      ...scalarSpecs(layout.averages),
    },
    run: (given) => {
      const { inputs, random } = given;
      const state = unflattenState(given.state, layout);
      const scalars = scalarsOf(inputs, layout.averages);
      const updates = updatesInPlace(given);
      const precision = precisionOf(training.precision, given.casts);
      const fed = batchOf(inputs);
      const batch = pictures === 'uint8' ? { ...fed, images: encodeBytes(fed.images) } : fed;
      const result = trainStep(plan, training, state, batch, scalars, random, true, updates, precision);
      const { weights, activations } = result.magnitudes!;
      return { outputs: { lossPerImage: result.lossPerImage, weights, activations } };
    },
  };
}

/** What a run of the entry is fed with. */
export function stepInputs(
  { images, labels }: { readonly images: Fed; readonly labels: Fed | null },
  numbers: StepNumbers,
): Record<string, Fed> {
  return { images, ...(labels === null ? {} : { labels }), ...scalarInputs(numbers) };
}

/** The batch among an entry's inputs. */
export function batchOf(inputs: Given['inputs']): Batch {
  return { images: inputs.images as Tensor4D, labels: (inputs.labels as Tensor2D | undefined) ?? null };
}
