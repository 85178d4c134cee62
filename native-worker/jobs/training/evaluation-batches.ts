import { imagesAtOnce } from '../../../contract/micro-batch.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import type { PackedDataset } from '../../data/dataset-file.ts';
import { seedFor } from '../../edm2/tensors/random.ts';
import { randomKernels } from '../../engine/random.ts';
import { sizeOf } from '../../engine/session/host-tensor.ts';
import type { HostNoisyBatch } from '../../programs/evaluation.ts';
import { pictureBatch } from './batch.ts';

/** Pictures to evaluate networks on, always in the same noise. */
export interface EvaluatedPictures {
  /** Indices of the dataset. */
  readonly pictures: Int32Array;
  /** Noise level of each. */
  readonly sigmas: Float32Array;
  /** What the noise is drawn for. It is the same for all runs, whatever their seed, so that they compare. */
  readonly purpose: string;
}

/** Some of them. */
export interface EvaluatedPart {
  readonly batch: HostNoisyBatch;
  /** How many of the batch count; the rest fills it up. */
  readonly count: number;
}

/**
 * Cuts pictures into batches. The noise of a picture depends on its place among them alone, not on the size of the batches.
 *
 * @param labelDim classes that the network knows; 0: labels are left out
 * @param size     of each batch; the last is filled up with the first pictures
 */
export function* evaluationBatches(
  dataset: PackedDataset,
  labelDim: number,
  { pictures, sigmas, purpose }: EvaluatedPictures,
  size: number,
): Generator<EvaluatedPart> {
  const shape = [dataset.resolution, dataset.resolution, dataset.channels];
  for (let first = 0; first < pictures.length; first += size) {
    const places = Array.from({ length: size }, (_, index) => (first + index) % pictures.length);
    const noise = new Float32Array(size * sizeOf(shape));
    for (const [index, place] of places.entries()) noise.set(noiseOf(place, shape, purpose), index * sizeOf(shape));
    yield {
      batch: {
        ...pictureBatch(
          dataset,
          labelDim,
          Int32Array.from(places, (place) => pictures[place]!),
        ),
        sigma: { dtype: 'float32', shape: [size], values: Float32Array.from(places, (place) => sigmas[place]!) },
        noise: { dtype: 'float32', shape: [size, ...shape], values: noise },
      },
      count: Math.min(size, pictures.length - first),
    };
  }
}

/** Standard normal numbers. */
function noiseOf(place: number, shape: readonly number[], purpose: string): Float32Array {
  const tensor = randomKernels.normal([...shape], seedFor(place, purpose, 0));
  try {
    return tensor.dataSync<'float32'>();
  } finally {
    tensor.dispose();
  }
}

/** Pictures that are evaluated at once, if the run trains with as many at once. */
const LARGEST_BATCH = 64;

/** How many pictures are evaluated at once: a power of two, so that it divides the number of those that are probed. */
export function evaluationBatch(training: Pick<TrainingConfig, 'batchSize' | 'microBatch'>): number {
  return 2 ** Math.floor(Math.log2(Math.min(LARGEST_BATCH, imagesAtOnce(training))));
}
