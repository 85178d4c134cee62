import type { DynamicsKind } from '../../../contract/dynamics.ts';
import type { DynamicsTable } from '../../../contract/dynamics-table.ts';
import { extremes } from '../charts/extremes.ts';
import type { Series } from '../charts/series.ts';

/** What the paper's Figure 3 shows by bucket: of the network as it trains, or of the average that draws the grids. */
export type BucketQuantity = 'activation' | 'weight' | 'average-activation' | 'average-weight';

/** Kinds of a quantity's curves: largest and mean feature. */
export const bucketKinds = {
  activation: ['activation-max', 'activation-mean'],
  weight: ['weight-max', 'weight-mean'],
  'average-activation': ['average-activation-max', 'average-activation-mean'],
  'average-weight': ['average-weight-max', 'average-weight-mean'],
} as const satisfies Readonly<Record<BucketQuantity, readonly [DynamicsKind, DynamicsKind]>>;

/** One colour a resolution. */
const COLORS = ['--run-1', '--run-2', '--run-3', '--run-4', '--run-5', '--run-6'];
const MEASURES = [
  { words: 'largest', width: 2.25 },
  { words: 'mean', width: 1 },
] as const;

/** How a bucket ("Dec 16×16") is drawn: the resolution is the colour, and the decoder dashed. */
export function bucketMark(bucket: string, all: readonly string[]): Pick<Series, 'token' | 'dash'> {
  const resolutions = [...new Set(all.map(resolutionOf))].sort((a, b) => b - a);
  const index = resolutions.indexOf(resolutionOf(bucket));
  return { token: COLORS[index % COLORS.length]!, dash: bucket.startsWith('Dec') ? [5, 3] : [] };
}

/** The curves of a quantity: of each bucket the largest, thick, and the mean, thin; spikes between columns are kept. @param tables in the order of `bucketKinds` */
export function bucketCurves(tables: readonly DynamicsTable[]): Series[] {
  return tables.flatMap((table, measure) => {
    const { words, width } = MEASURES[measure]!;
    const values = extremes(table);
    return table.layers.map((bucket, row) => ({
      id: `${bucket} ${words}`,
      label: `${bucket}, ${words}`,
      ...bucketMark(bucket, table.layers),
      width,
      xs: table.nimg,
      ys: values[row]!,
    }));
  });
}

const resolutionOf = (bucket: string): number => Number(/(\d+)/.exec(bucket)?.[1] ?? 0);
