import type { PackedDataset } from './dataset-file.ts';
import { encodeSheet } from './png.ts';

/** A mosaic fills a card of the Data page. */
const COLUMNS = 8;
const ROWS = 4;
const GAP = 2;

/** An overview picture of a dataset: up to 8×4 of its pictures, classes taking turns. PNG with transparent gaps. */
export async function drawMosaic(dataset: PackedDataset): Promise<Buffer> {
  const { resolution, channels } = dataset;
  const indices = mosaicIndices(dataset.labels, dataset.classes.length, COLUMNS * ROWS);
  const pixels = new Uint8Array(indices.length * resolution * resolution * channels);
  dataset.readPictures(indices, pixels);
  return encodeSheet({ pixels, resolution, channels }, { columns: COLUMNS, gap: GAP, background: 'none' });
}

/**
 * Which pictures to show: classes take turns until `places` are filled, and a class's pictures are picked at equal
 * distances, so that neighbours in the folder, which look alike, are not all there is to see.
 *
 * @param labels  label of each picture; anything where there are no classes
 * @param classes number of classes; 0: none
 * @returns as many indices as there are places, or all pictures if they are fewer
 */
export function mosaicIndices(labels: Int32Array, classes: number, places: number): number[] {
  const groups: number[][] = Array.from({ length: Math.max(classes, 1) }, () => []);
  labels.forEach((label, index) => groups[classes === 0 ? 0 : label]!.push(index));
  const shares = takeTurns(
    groups.map((group) => group.length),
    places,
  );
  const picks = groups.map((group, label) => {
    const share = shares[label]!;
    return Array.from({ length: share }, (_, i) => group[Math.floor(((i + 0.5) * group.length) / share)]!);
  });
  const rounds = Math.max(...shares);
  return Array.from({ length: rounds }, (_, round) => picks.flatMap((pick) => pick.slice(round, round + 1))).flat();
}

/** How many places each group gets when they take turns; small groups run out first. */
function takeTurns(sizes: readonly number[], places: number): number[] {
  const shares = sizes.map(() => 0);
  for (let left = places, went = true; left > 0 && went;) {
    went = false;
    for (const [group, size] of sizes.entries()) {
      if (left === 0 || shares[group] === size) continue;
      shares[group]! += 1;
      left -= 1;
      went = true;
    }
  }
  return shares;
}
