import { expect, test } from 'vitest';
import type { DynamicsKind } from '../../../contract/dynamics.ts';
import type { DynamicsTable } from '../../../contract/dynamics-table.ts';
import type { NoiseAdvice } from '../../../contract/noise-advice.ts';
import { noiseDensity, type NoiseDensity } from '../../../contract/noise-density.ts';
import { SIGMA_BINS, sigmaBinNames, sigmaOfBin } from '../../../contract/noise-levels.ts';
import { findPreset } from '../../../contract/presets.ts';
import { noiseAdvice } from '../../../native-worker/findings/noise-advice.ts';

/** The error is planted so that −ln of it has the shape of a known density: the advice must find that one. */

const MOMENTS = 80;
const nimg = Array.from({ length: MOMENTS }, (_, index) => (index + 1) * 1000);

interface Planted {
  /** Where the error falls, and to what it falls at the best of noise levels. */
  optimum?: NoiseDensity;
  least?: number;
  /** The density of the run, from which its images are drawn. */
  current?: NoiseDensity;
  /** Images a moment. */
  images?: number;
  /** How far the error has fallen by a moment, as a part of how far it falls. */
  course?: (moment: number) => number;
}

/** An image more or less, so that means are not of equal counts. */
const uneven = (moment: number, bin: number): number => 1 + 0.2 * Math.sin(13 * moment + 7 * bin);

function advised({
  optimum = { pMean: -0.6, pStd: 1.3 },
  least = 0.1,
  current = { pMean: -0.8, pStd: 1.6 },
  images = 1000,
  course = () => 1,
}: Planted): NoiseAdvice {
  const bins = Array.from({ length: SIGMA_BINS }, (_, bin) => Math.log(sigmaOfBin(bin)));
  const width = bins[1]! - bins[0]!;
  const count = (moment: number, bin: number): number =>
    Math.round(images * noiseDensity(current, bins[bin]!) * width * uneven(moment, bin));
  const fall = (bin: number): number =>
    (-Math.log(least) * noiseDensity(optimum, bins[bin]!)) / noiseDensity(optimum, optimum.pMean);
  const numbers: Partial<Record<DynamicsKind, (moment: number, bin: number) => number>> = {
    'noise-count': count,
    'noise-error': (moment, bin) => Math.exp(-fall(bin) * course(moment)),
    'noise-gradient': (moment, bin) => Math.exp((fall(bin) * course(moment)) / 2),
  };
  const table = (kind: DynamicsKind): DynamicsTable => {
    const number = images > 0 ? numbers[kind] : undefined;
    if (number === undefined) return { kind, layers: [], nimg: [], values: [] };
    const values = bins.map((_, bin) =>
      nimg.map((_moment, moment) => (kind !== 'noise-count' && count(moment, bin) === 0 ? null : number(moment, bin))),
    );
    return { kind, layers: [...sigmaBinNames], nimg, values };
  };
  const { config } = findPreset('demo')!;
  return noiseAdvice({ config: { ...config, training: { ...config.training, ...current } }, table });
}

test.each([
  [-2.1, 1.1],
  [-1.2, 1.2],
  [-0.4, 1],
  [0.55, 0.8],
])('the optimum that was planted is found: P_mean %f, P_std %f', (pMean, pStd) => {
  const { verdict, proposed, text, reason } = advised({
    optimum: { pMean, pStd },
    current: { pMean: -0.8, pStd: 2.4 },
  });
  expect(verdict).toBe('move');
  expect(proposed).toEqual({ pMean, pStd });
  expect(text).toContain(`P_mean ${pMean} and P_std ${pStd} in place of P_mean -0.8 and P_std 2.4`);
  expect(reason).toMatch(/It has fallen furthest at σ [\d.]+, to 0\.1.* P_mean and P_std are those of/);
});

test('it is said whether to go to finer or stronger noise, and to a wider or narrower range', () => {
  const from = (current: NoiseDensity): string => advised({ optimum: { pMean: -0.4, pStd: 1 }, current }).text;
  expect(from({ pMean: 0.6, pStd: 1.5 })).toContain('finer noise and a narrower range of it');
  expect(from({ pMean: -1.2, pStd: 1.5 })).toContain('stronger noise and a narrower range of it');
  expect(from({ pMean: -0.4, pStd: 1.8 })).toContain('would do well with a narrower range of noise:');
  expect(advised({ optimum: { pMean: -0.4, pStd: 1.5 }, current: { pMean: -0.4, pStd: 1 } }).text).toContain(
    'would do well with a wider range of noise:',
  );
});

test('a density that sits where the error fell is left as it is', () => {
  const { verdict, proposed, text } = advised({ current: { pMean: -0.55, pStd: 1.35 } });
  expect([verdict, proposed]).toEqual(['fits', null]);
  expect(text).toMatch(/fit its pictures.*P_mean -0\.6 and P_std 1\.3, with which only \d % of the images/);
});

test('without enough images of enough noise levels nothing is advised', () => {
  const few = advised({ images: 12 });
  expect([few.verdict, few.proposed, few.reason]).toEqual(['too-little', null, '']);
  expect(few.text).toMatch(/^There is too little to go by: \d noise levels were drawn for 50 images or more/);
  const none = advised({ images: 0 });
  expect([none.verdict, none.text]).toEqual(['too-little', 'The error was not recorded by noise level.']);
});

test('while the error has hardly fallen, or where it falls most still moves, it is too early', () => {
  expect(advised({ least: 0.9 })).toMatchObject({ verdict: 'too-early', proposed: null });
  const optimumMoves = advised({ course: (moment) => (moment < MOMENTS / 2 ? 0 : 1) });
  expect(optimumMoves).toMatchObject({ verdict: 'too-early', proposed: null });
  expect(optimumMoves.text).toContain('half-way through this training');
  expect(advised({ current: { pMean: 0.6, pStd: 1.6 }, course: (moment) => 0.5 + moment / 160 }).verdict).toBe('move');
});

test('where the error falls most at the edge of the noise that was seen, a look there is advised', () => {
  const { verdict, proposed, text, reason } = advised({
    optimum: { pMean: -3.5, pStd: 0.8 },
    current: { pMean: 0, pStd: 1.2 },
  });
  expect(verdict).toBe('beyond');
  expect(reason).not.toContain('P_mean'); // it is no fit
  expect(proposed!.pStd).toBe(1.2);
  expect(proposed!.pMean).toBeLessThan(-1.5); // of the noise levels with enough images, where the error fell furthest
  expect(text).toContain(`A new run would see it with P_mean ${proposed!.pMean} and P_std 1.2`);
});

test('a noise level with few images has no say, and none in the picture of what was learned', () => {
  const { fallen } = advised({});
  expect(fallen).toHaveLength(SIGMA_BINS);
  expect(fallen[0]).toEqual({ sigma: Number(sigmaBinNames[0]), value: null });
  expect(fallen.find(({ sigma }) => sigma > 0.5)!.value).toBeGreaterThan(2);
});
