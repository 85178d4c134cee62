import type { DynamicsTable } from '../../contract/dynamics.ts';
import type { Finding } from '../../contract/findings.ts';
import { number } from '../../contract/units.ts';
import { ENOUGH, type Course } from './course.ts';

/** Whether the learned weight of noise levels is what the error makes of it: u(σ) = ln of the weighted error (Eq. 14, 15). */

/** Newest moments that are taken together: each alone has few images of a noise level. */
const TOGETHER = 10;
/** A noise level of which fewer images were seen in them says nothing. */
const IMAGES = 50;
/** u is off where it takes the error for so many times what it is, or for so small a part of it. */
const OFF = 2;
/** Levels that are off must have this share of the images. */
const SHARE = 0.1;

export function noiseFindings(course: Course): Finding[] {
  const [counts, errors, weights] = (['noise-count', 'noise-error', 'noise-u'] as const).map(course.table) as [
    DynamicsTable,
    DynamicsTable,
    DynamicsTable,
  ];
  if (weights.nimg.length < ENOUGH || counts.nimg.length < ENOUGH) return [];
  const bins = counts.layers
    .map((level, row) => ({
      level,
      images: sum(newest(counts, row)),
      error: mean(newest(errors, row), newest(counts, row)),
      u: mean(newest(weights, row), newest(counts, row)),
    }))
    .filter(({ images, error }) => images >= IMAGES && error > 0);
  if (bins.length === 0) return [];
  const factor = ({ error, u }: { error: number; u: number }): number => error / Math.exp(u);
  const isOff = (bin: { error: number; u: number }): boolean => Math.abs(Math.log(factor(bin))) > Math.log(OFF);
  const off = bins.filter(isOff);
  const share = sum(off.map(({ images }) => images)) / sum(bins.map(({ images }) => images));
  const reason = `Of ${TOGETHER} moments together, u(σ) is within ×${OFF} of ln of the weighted error at noise levels with ${100 - SHARE * 100} % of the images.`;
  const place = { kind: 'noise-u', row: off[0]?.level ?? null, nimg: null } as const;
  if (share <= SHARE) {
    return [{ rule: 'noise-weight', tone: 'good', text: 'u(σ) fits the error at all noise levels.', reason, ...place }];
  }
  const worst = off.reduce((a, b) => (Math.abs(Math.log(factor(b))) > Math.abs(Math.log(factor(a))) ? b : a));
  return [
    {
      rule: 'noise-weight',
      tone: 'warn',
      text: `u(σ) is not fitted: at σ ${worst.level} the error is ×${number(factor(worst))} what it says, and off by ×${OFF} or more for ${Math.round(share * 100)} % of the images.`,
      reason,
      ...place,
      row: worst.level,
    },
  ];
}

const newest = (table: DynamicsTable, row: number): (number | null)[] => table.values[row]?.slice(-TOGETHER) ?? [];

const sum = (values: readonly (number | null)[]): number =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0);

/** Mean over the images that were seen, of numbers that are each the mean of some. */
function mean(values: readonly (number | null)[], counts: readonly (number | null)[]): number {
  const known = values.map((value, index) => (value === null ? 0 : (counts[index] ?? 0)));
  return sum(values.map((value, index) => (value ?? 0) * known[index]!)) / sum(known);
}
