import type { DynamicsTable } from '../../../contract/dynamics-table.ts';
import { images } from '../../../contract/units.ts';
import { table } from '../words.ts';

/** How one kind of magnitude changed between a run's first and last tick; root mean squares, dimensionless. */
export interface MagnitudeChange {
  readonly kind: DynamicsTable['kind'];
  /** Images seen at the first and the last tick. */
  readonly nimg: readonly [number, number];
  /** Mean over layers, first and last. */
  readonly mean: readonly [number, number];
  /** The layer that grew most, as a factor. */
  readonly greatest: { readonly layer: string; readonly rms: readonly [number, number] };
}

/** @returns null if the run has written none yet, or none that were finite */
export function magnitudeChange({ kind, layers, nimg, values }: DynamicsTable): MagnitudeChange | null {
  const pairs = layers.flatMap((layer, row) => {
    const [first, last] = [values[row]!.at(0) ?? null, values[row]!.at(-1) ?? null];
    return first === null || last === null || first === 0 ? [] : [{ layer, rms: [first, last] as const }];
  });
  if (pairs.length === 0) return null;
  const mean = (moment: 0 | 1): number => pairs.reduce((sum, { rms }) => sum + rms[moment], 0) / pairs.length;
  const greatest = pairs.reduce((a, b) => (b.rms[1] / b.rms[0] > a.rms[1] / a.rms[0] ? b : a));
  return { kind, nimg: [nimg[0]!, nimg.at(-1)!], mean: [mean(0), mean(1)], greatest };
}

/** The changes as a small table. */
export function magnitudeWords(changes: readonly MagnitudeChange[]): string {
  const [first, last] = changes[0]!.nimg;
  const row = (name: string, [from, to]: readonly [number, number]): string[] => [
    name,
    from.toFixed(4),
    to.toFixed(4),
    growth(to / from),
  ];
  return table(
    ['magnitude (rms)', `at ${images(first)}`, `at ${images(last)}`, 'growth'],
    changes.flatMap(({ kind, mean, greatest }) => [
      row(`${kind}s, mean of layers`, mean),
      row(`  ${greatest.layer}`, greatest.rms),
    ]),
    [1, 2, 3],
  );
}

/** 1.0834 → "+8.34 %". */
function growth(factor: number): string {
  const percent = 100 * (factor - 1);
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(2)} %`;
}
