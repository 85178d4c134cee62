import type { DynamicsKind } from './dynamics.ts';
import type { DynamicsTable } from './dynamics-table.ts';

/** What was recorded of a noise level, over some moments together. */
export interface NoiseLevel {
  /** Name of its row. */
  readonly level: string;
  /** Middle of its bin. */
  readonly sigma: number;
  /** Training images that got it. */
  readonly images: number;
  /** Means over these images, as `dynamicsKinds` says; null: not recorded, or no images. */
  readonly loss: number | null;
  readonly error: number | null;
  readonly u: number | null;
  readonly gradient: number | null;
}

/** What there is by noise level: the images of each, and means over them. */
export const noiseKinds = ['noise-count', 'noise-loss', 'noise-error', 'noise-u', 'noise-gradient'] as const;

/** A moment has few images of a noise level: so many together, the newest, tell what is. */
export const TOGETHER = 10;

/** A noise level of which fewer images were seen says nothing. */
export const ENOUGH_IMAGES = 50;

/**
 * Noise levels over moments together, each image counting once.
 *
 * @param table a kind's numbers, all kinds at the same moments; undefined: not known
 * @param from  first of the moments, counted from 0
 * @param to    the one behind the last
 */
export function noiseLevels(
  table: (kind: DynamicsKind) => DynamicsTable | undefined,
  from: number,
  to: number,
): NoiseLevel[] {
  const [counts, losses, errors, weights, gradients] = noiseKinds.map(table);
  if (counts === undefined) return [];
  return counts.layers.map((name, row) => {
    const lineOf = (kind: DynamicsTable | undefined): readonly (number | null)[] =>
      kind?.values[row]?.slice(Math.max(0, from), Math.max(0, to)) ?? [];
    const seen = lineOf(counts).map((value) => value ?? 0);
    const mean = (kind: DynamicsTable | undefined): number | null => {
      let [sum, images] = [0, 0];
      for (const [moment, value] of lineOf(kind).entries()) {
        if (value === null || seen[moment] === undefined) continue;
        sum += value * seen[moment];
        images += seen[moment];
      }
      return images === 0 ? null : sum / images;
    };
    return {
      level: name,
      sigma: Number(name),
      images: seen.reduce((sum, value) => sum + value, 0),
      loss: mean(losses),
      error: mean(errors),
      u: mean(weights),
      gradient: mean(gradients),
    };
  });
}
