import { ENOUGH_IMAGES, noiseLevels, TOGETHER, type NoiseLevel } from '../../contract/by-noise-level.ts';
import type { NoiseAdvice } from '../../contract/noise-advice.ts';
import { movedShare, noiseDensity, shareBetween, type NoiseDensity } from '../../contract/noise-density.ts';
import { FIRST_SIGMA, LAST_SIGMA } from '../../contract/noise-levels.ts';
import { exactImages, number } from '../../contract/units.ts';
import type { Course } from './course.ts';

/**
 * Where the noise density should sit for the data that a run learns: in proportion to −ln of the weighted error. 1 is the
 * error of a network that has learned nothing, whatever σ, and 1 + ln of the error is what the loss with u(σ) comes to
 * (Eq. 21): −ln of the error is how far training could lower the loss at a noise level. So more is drawn where there was more
 * to learn, and little at the ends, where noise that is next to nothing can't be seen and noise that drowns all leaves the
 * mean (Karras et al., arXiv:2206.00364, Sec. 5). That a density follows from losses already measured is the idea of
 * arXiv:2602.18647. docs/noise-levels.md says what was not taken from there.
 */

/** Fewer noise levels with enough images make no density. */
const LEVELS = 6;
/** The newest moments that tell how it is: this part of all, at least `TOGETHER`. */
const NEWEST = 1 / 4;
/** Somewhere the error must have fallen to this part of what it is with nothing learned. */
const FALLEN = 0.8;
/** Of the density that is found, this part must lie where training has seen noise. */
const SEEN = 0.75;
/** A density sits well that gives no more of the images other noise levels than the one that is found. */
const MOVED = 0.15;
/** It is too early while what is found moves: where half-way through training mean or spread were farther off. */
const STEADY = 0.3;
/** Means and spreads are found on a grid, and then on one this fine around the best of it. */
const COARSE = 0.25;
const FINE = 0.05;
const LEAST_SPREAD = 0.25;
const MOST_SPREAD = 3;

interface Learned {
  readonly level: NoiseLevel;
  /** −ln of the weighted error, at least 0. */
  readonly fallen: number;
}

export function noiseAdvice({ config, table }: Pick<Course, 'config' | 'table'>): NoiseAdvice {
  const { pMean, pStd } = config.training;
  const current: NoiseDensity = { pMean, pStd };
  const moments = table('noise-count').nimg.length;
  const together = Math.max(TOGETHER, Math.ceil(moments * NEWEST));
  const levels = noiseLevels(table, moments - together, moments);
  const learned = learnedOf(levels);
  const fallen = levels.map(({ sigma }) => ({
    sigma,
    value: learned.find(({ level }) => level.sigma === sigma)?.fallen ?? null,
  }));
  const none = { current, proposed: null, fallen };
  if (learned.length < LEVELS) {
    const text =
      moments === 0
        ? 'The error was not recorded by noise level.'
        : `There is too little to go by: ${learned.length} noise levels were drawn for ${exactImages(ENOUGH_IMAGES)} or more of the last ${together} moments, and ${LEVELS} are needed.`;
    return { verdict: 'too-little', text, reason: '', ...none };
  }
  const best = learned.reduce((a, b) => (b.fallen > a.fallen ? b : a));
  const reason = reasonOf(learned, best);
  if (best.fallen < -Math.log(FALLEN)) {
    const text = `It is too early to tell: the error has fallen nowhere below ${FALLEN} of what it is with nothing learned.`;
    return { verdict: 'too-early', text, reason, ...none };
  }
  const found = densityOf(learned);
  const edges = [Math.log(learned[0]!.level.sigma), Math.log(learned.at(-1)!.level.sigma)] as const;
  if (shareBetween(found, ...edges) < SEEN) {
    const seen = `σ ${number(learned[0]!.level.sigma)} to ${number(learned.at(-1)!.level.sigma)}`;
    const proposed = { pMean: onGrid(Math.log(best.level.sigma)), pStd };
    const text = `The error has fallen most at the edge of the noise that training saw enough of, ${seen}, so how it is beyond is not known. A new run would see it with ${words(proposed)} in place of ${words(current)}.`;
    return { verdict: 'beyond', text, reason, current, proposed, fallen };
  }
  const fitted = `${reason} P_mean and P_std are those of the normal density of ln σ that is nearest to this fall.`;
  const before = learnedOf(noiseLevels(table, Math.floor(moments / 2) - together, Math.floor(moments / 2)));
  const then = before.length < LEVELS ? null : densityOf(before);
  if (then === null || Math.abs(then.pMean - found.pMean) > STEADY || Math.abs(then.pStd - found.pStd) > STEADY) {
    const earlier = then === null ? 'there was too little to tell' : `it spoke for ${words(then)}`;
    const text = `It is too early to tell: the error speaks for ${words(found)} now, and half-way through this training ${earlier}.`;
    return { verdict: 'too-early', text, reason: fitted, ...none };
  }
  const moved = movedShare(current, found);
  if (moved <= MOVED) {
    const text = `The noise levels of this run fit its pictures: the error speaks for ${words(found)}, with which only ${percent(moved)} of the images would get others.`;
    return { verdict: 'fits', text, reason: fitted, ...none };
  }
  const text = `A new run would do well with ${directionOf(current, found)}: ${words(found)} in place of ${words(current)}. Of its images ${percent(moved)} would get other noise levels.`;
  return { verdict: 'move', text, reason: fitted, current, proposed: found, fallen };
}

function learnedOf(levels: readonly NoiseLevel[]): Learned[] {
  return levels.flatMap((level) =>
    level.images >= ENOUGH_IMAGES && level.error !== null && level.error > 0
      ? [{ level, fallen: Math.max(0, -Math.log(level.error)) }]
      : [],
  );
}

/**
 * The normal density of ln σ whose shape is nearest to what was learned, by least squares over the noise levels that are
 * known; its height is free, for beyond them nothing is. Mean and spread are multiples of `FINE`.
 */
function densityOf(learned: readonly Learned[]): NoiseDensity {
  const means = between(Math.log(FIRST_SIGMA), Math.log(LAST_SIGMA), COARSE);
  const rough = nearestOf(learned, means, between(LEAST_SPREAD, MOST_SPREAD, COARSE));
  return nearestOf(
    learned,
    between(rough.pMean - COARSE, rough.pMean + COARSE, FINE),
    between(Math.max(LEAST_SPREAD, rough.pStd - COARSE), rough.pStd + COARSE, FINE),
  );
}

/** The nearest that the fit could find. */
const onGrid = (value: number): number => round(Math.round(value / FINE) * FINE);

/** Multiples of a step between two numbers, both included. */
function between(from: number, to: number, step: number): number[] {
  const first = Math.round(from / step);
  return Array.from({ length: Math.round(to / step) - first + 1 }, (_, index) => round((first + index) * step));
}

function nearestOf(learned: readonly Learned[], means: readonly number[], spreads: readonly number[]): NoiseDensity {
  let nearest = { pMean: 0, pStd: 1 };
  let most = -1;
  for (const pMean of means) {
    for (const pStd of spreads) {
      let [cross, square] = [0, 0];
      for (const { level, fallen } of learned) {
        const height = noiseDensity({ pMean, pStd }, Math.log(level.sigma));
        cross += height * fallen;
        square += height * height;
      }
      const explained = square === 0 ? 0 : (cross * cross) / square; // of the sum of squares, with the best height
      if (explained > most) [most, nearest] = [explained, { pMean, pStd }];
    }
  }
  return nearest;
}

const round = (value: number): number => Number(value.toFixed(2));
const words = ({ pMean, pStd }: NoiseDensity): string => `P_mean ${number(pMean)} and P_std ${number(pStd)}`;
const percent = (share: number): string => `${Math.round(share * 100)} %`;

function directionOf(current: NoiseDensity, found: NoiseDensity): string {
  const mean = found.pMean - current.pMean;
  const ratio = found.pStd / current.pStd;
  const words = [
    ...(Math.abs(mean) > 0.1 ? [mean < 0 ? 'finer noise' : 'stronger noise'] : []),
    ...(ratio > 1.1 ? ['a wider range of it'] : ratio < 1 / 1.1 ? ['a narrower range of it'] : []),
  ];
  return words.length === 0 ? 'other noise' : words.join(' and ').replace(/^(a \w+ range) of it/, '$1 of noise');
}

function reasonOf(learned: readonly Learned[], best: Learned): string {
  const half = learned.filter(({ fallen }) => fallen >= best.fallen / 2).map(({ level }) => level.sigma);
  const gradients = learned.flatMap(({ level }) => level.gradient ?? []);
  const pull = best.level.gradient === null ? 0 : best.level.gradient / Math.min(...gradients);
  return [
    `With nothing learned the weighted error is 1 at every noise level. It has fallen furthest at σ ${number(best.level.sigma)}, to ${number(best.level.error)}; from σ ${number(Math.min(...half))} to ${number(Math.max(...half))} its logarithm has fallen at least half as far.`,
    pull > 1 ? ` An image there gives a gradient ×${number(pull, 2)} as large as where it is smallest.` : '',
  ].join('');
}
