import { batchIndices } from '../../data/batches.ts';
import type { PackedDataset } from '../../data/dataset-file.ts';
import { oneHotRows } from '../../edm2/tensors/layout.ts';
import type { HostTensor } from '../../engine/session/host-tensor.ts';

/** What a step learns from, as it lies in the dataset. */
export interface PictureBatch {
  /** Bytes, [N, R, R, channels]. */
  readonly images: HostTensor<'uint8'>;
  /** One-hot classes, [N, labelDim]; null: the network knows none. */
  readonly labels: HostTensor<'float32'> | null;
}

/**
 * Reads the pictures that a step learns from: a pure function of dataset, seed and nimg, so that a resumed run reads
 * what it would have read.
 *
 * @param labelDim classes that the network knows; 0: labels are left out
 * @param pictures indices of those that are trained on; null: all
 */
export function readBatch(
  dataset: PackedDataset,
  labelDim: number,
  { seed, batchSize }: { readonly seed: number; readonly batchSize: number },
  nimg: number,
  pictures: Int32Array | null = null,
): PictureBatch {
  const indices = batchIndices({ count: pictures?.length ?? dataset.count, seed, nimg, batchSize });
  return pictureBatch(dataset, labelDim, pictures === null ? indices : indices.map((index) => pictures[index]!));
}

/** Reads pictures. @param labelDim as of `readBatch` */
export function pictureBatch(dataset: PackedDataset, labelDim: number, indices: Int32Array): PictureBatch {
  const { resolution, channels } = dataset;
  const count = indices.length;
  const pixels = new Uint8Array(count * resolution * resolution * channels);
  dataset.readPictures(indices, pixels);
  const labels = indices.map((index) => dataset.labels[index]!);
  return {
    images: { dtype: 'uint8', shape: [count, resolution, resolution, channels], values: pixels },
    labels:
      labelDim === 0 ? null : { dtype: 'float32', shape: [count, labelDim], values: oneHotRows(labels, labelDim) },
  };
}

/**
 * Reads the batches of a run one ahead, so that a step finds its own in memory. What is read, and in which order, is
 * as without.
 */
export class BatchReader {
  readonly #read: (nimg: number) => PictureBatch;
  #ahead: { readonly nimg: number; readonly take: () => PictureBatch } | null = null;

  /** @param read the batch that begins after `nimg` images */
  constructor(read: (nimg: number) => PictureBatch) {
    this.#read = read;
  }

  /** The batch that begins after `nimg` images. @throws what reading it threw */
  take(nimg: number): PictureBatch {
    const ahead = this.#ahead;
    this.#ahead = null;
    return ahead?.nimg === nimg ? ahead.take() : this.#read(nimg);
  }

  /** Reads a batch that will be taken next. What goes wrong is thrown when it is. */
  readAhead(nimg: number): void {
    try {
      const batch = this.#read(nimg);
      this.#ahead = { nimg, take: () => batch };
    } catch (error) {
      this.#ahead = {
        nimg,
        take: () => {
          throw error;
        },
      };
    }
  }
}
