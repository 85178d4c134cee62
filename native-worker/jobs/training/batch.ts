import { batchIndices } from '../../data/batches.ts';
import type { PackedDataset } from '../../data/dataset-file.ts';
import { oneHot } from '../../edm2/layout.ts';
import { encodePixels } from '../../edm2/pixels.ts';
import type { Batch } from '../../edm2/types.ts';
import { tf } from '../../engine/tensorflow.ts';

/**
 * Reads the pictures that a step learns from: a pure function of dataset, seed and nimg, so that a resumed run reads
 * what it would have read.
 *
 * @param labelDim classes that the network knows; 0: labels are left out
 * @returns the tensors belong to the caller, or to the tidy around the call
 */
export function readBatch(
  dataset: PackedDataset,
  labelDim: number,
  { seed, batchSize }: { readonly seed: number; readonly batchSize: number },
  nimg: number,
): Batch {
  const { count, resolution, channels } = dataset;
  const indices = batchIndices({ count, seed, nimg, batchSize });
  const pixels = new Uint8Array(batchSize * resolution * resolution * channels);
  dataset.readPictures(indices, pixels);
  const shape: [number, number, number, number] = [batchSize, resolution, resolution, channels];
  return {
    images: tf.tidy(() => encodePixels(tf.tensor4d(pixels, shape, 'int32'))),
    labels: oneHot(
      indices.map((index) => dataset.labels[index]!),
      labelDim,
    ),
  };
}
