import { ENOUGH_IMAGES, noiseLevels, TOGETHER, type NoiseLevel } from '../../contract/by-noise-level.ts';
import type { Finding } from '../../contract/findings.ts';
import { number } from '../../contract/units.ts';
import { ENOUGH, type Course } from './course.ts';

/** Whether the learned weight of noise levels is what the error makes of it: u(σ) = ln of the weighted error (Eq. 14, 15). */

/** u is off where it takes the error for so many times what it is, or for so small a part of it. */
const OFF = 2;
/** Levels that are off must have this share of the images. */
const SHARE = 0.1;

interface Fitted extends NoiseLevel {
  readonly error: number;
  readonly u: number;
}

export function noiseFindings({ table }: Course): Finding[] {
  const moments = table('noise-count').nimg.length;
  if (moments < ENOUGH || table('noise-u').nimg.length < ENOUGH) return [];
  const bins = noiseLevels(table, moments - TOGETHER, moments).filter(
    (level): level is Fitted => level.images >= ENOUGH_IMAGES && (level.error ?? 0) > 0 && level.u !== null,
  );
  if (bins.length === 0) return [];
  const factor = ({ error, u }: Fitted): number => error / Math.exp(u);
  const isOff = (bin: Fitted): boolean => Math.abs(Math.log(factor(bin))) > Math.log(OFF);
  const off = bins.filter(isOff);
  const share = imagesOf(off) / imagesOf(bins);
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

const imagesOf = (levels: readonly NoiseLevel[]): number => levels.reduce((sum, { images }) => sum + images, 0);
