/**
 * Noise levels in bins, the same for all runs, so that they compare: equally wide in ln σ between the levels at which
 * sampling starts and ends by default. What lies below or above counts in the first or the last bin.
 */
export const SIGMA_BINS = 24;
export const FIRST_SIGMA = 0.002;
export const LAST_SIGMA = 80;

/** Width of a bin in ln σ. */
export const SIGMA_BIN_WIDTH = Math.log(LAST_SIGMA / FIRST_SIGMA) / SIGMA_BINS;

/** The bin of a noise level, counted from 0; NaN for what is no noise level. */
export function sigmaBin(sigma: number): number {
  const bin = Math.floor(Math.log(sigma / FIRST_SIGMA) / SIGMA_BIN_WIDTH);
  return Math.min(SIGMA_BINS - 1, Math.max(0, bin));
}

/** Noise level in the middle of a bin, on the logarithmic scale. */
export function sigmaOfBin(bin: number): number {
  return FIRST_SIGMA * Math.exp((bin + 0.5) * SIGMA_BIN_WIDTH);
}

/** What the bins are called, by their middles: "0.00249" … "64.2". */
export const sigmaBinNames: readonly string[] = Array.from({ length: SIGMA_BINS }, (_, bin) =>
  String(Number(sigmaOfBin(bin).toPrecision(3))),
);
