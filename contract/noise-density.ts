import * as z from 'zod';
import { TrainingConfig } from './training.ts';

/** How training draws its noise levels: ln σ ~ N(P_mean, P_std²), the paper's Table 6. */
export const NoiseDensity = TrainingConfig.pick({ pMean: true, pStd: true });
export type NoiseDensity = z.infer<typeof NoiseDensity>;

/** Share of the images per unit of ln σ. @param logSigma ln σ */
export function noiseDensity({ pMean, pStd }: NoiseDensity, logSigma: number): number {
  return Math.exp(-(((logSigma - pMean) / pStd) ** 2) / 2) / (pStd * Math.sqrt(2 * Math.PI));
}

/** Steps per unit of ln σ with which densities are added up. */
const FINE = 50;

/** Share of the images with ln σ between two bounds, 0 to 1. */
export function shareBetween(density: NoiseDensity, from: number, to: number): number {
  return added(from, to, (logSigma) => noiseDensity(density, logSigma));
}

/** Share of the images that get other noise levels where one density takes the place of another, 0 to 1. */
export function movedShare(a: NoiseDensity, b: NoiseDensity): number {
  const far = 6 * Math.max(a.pStd, b.pStd);
  const [from, to] = [Math.min(a.pMean, b.pMean) - far, Math.max(a.pMean, b.pMean) + far];
  return 1 - added(from, to, (logSigma) => Math.min(noiseDensity(a, logSigma), noiseDensity(b, logSigma)));
}

function added(from: number, to: number, height: (logSigma: number) => number): number {
  const steps = Math.max(1, Math.ceil((to - from) * FINE));
  const width = (to - from) / steps;
  let sum = 0;
  for (let step = 0; step < steps; step++) sum += height(from + (step + 0.5) * width) * width;
  return sum;
}
