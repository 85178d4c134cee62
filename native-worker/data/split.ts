import { createHash } from 'node:crypto';
import type { PackedDataset } from './dataset-file.ts';

/** Which pictures a run trains on, and which it is measured with. All are indices of the dataset. */
export interface Split {
  /** Held out, so that training never sees them; may be none. In no order that means anything. */
  readonly heldOut: Int32Array;
  /** All others, in the order of the dataset; null: all that there are. */
  readonly training: Int32Array | null;
  /** Some of `training`, to compare and to measure with. In no order that means anything. */
  readonly known: Int32Array;
}

/** Nothing is held out, and nothing is measured with. */
export const wholeDataset: Split = { heldOut: new Int32Array(), training: null, known: new Int32Array() };

/**
 * Splits a dataset by what its pictures are: the same pictures are held out whatever their order, their labels and their
 * names, and equal ones stay together, so that none is both learned and held out.
 *
 * @param wanted pictures to hold out; where equal ones would be torn apart they are fewer. 0: none
 * @param known  pictures of those that are trained on to name; fewer where there are no more
 */
export function splitPictures(dataset: PackedDataset, wanted: number, known: number): Split {
  const { count } = dataset;
  const hashes = hashesOf(dataset);
  const order = Int32Array.from({ length: count }, (_, index) => index).sort(
    (a, b) => hashes[a]! - hashes[b]! || a - b,
  );
  let held = Math.min(wanted, count);
  const isCut = (): boolean => held > 0 && held < count && hashes[order[held - 1]!] === hashes[order[held]!];
  while (isCut()) held -= 1;
  return {
    heldOut: order.slice(0, held),
    training: held === 0 ? null : order.slice(held).sort(),
    known: order.slice(held, held + known),
  };
}

/** Bytes of a hash that count: as many as a number holds exactly. */
const BYTES = 6;

/** A number of each picture's pixels. */
function hashesOf(dataset: PackedDataset): Float64Array {
  const { count, resolution, channels } = dataset;
  const pixels = new Uint8Array(resolution * resolution * channels);
  return Float64Array.from({ length: count }, (_, index) => {
    dataset.readPictures([index], pixels);
    return createHash('sha256').update(pixels).digest().readUIntBE(0, BYTES);
  });
}
