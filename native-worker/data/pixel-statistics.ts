/** Half the range of a byte: v / 127.5 − 1 lies in [-1, 1]. */
const HALF_RANGE = 127.5;

/** Counts pixel values as pictures go by; exact however many there are. */
export class PixelStatistics {
  readonly #counts = new Float64Array(256);

  add(pixels: Uint8Array): void {
    const counts = this.#counts;
    for (const value of pixels) counts[value]! += 1;
  }

  /** Standard deviation of all values of all channels, scaled to [-1, 1]; 0 if there were none. Compare sigma_data. */
  standardDeviation(): number {
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    if (total === 0) return 0;
    const mean = this.#counts.reduce((sum, count, value) => sum + count * value, 0) / total;
    const variance = this.#counts.reduce((sum, count, value) => sum + count * (value - mean) ** 2, 0) / total;
    return Math.sqrt(variance) / HALF_RANGE;
  }
}
