/** Half width of the kernel, in pixels of the smaller picture. */
const SUPPORT = 3;

/** sinc(x) · sinc(x / 3) for |x| < 3, else 0: Lanczos' window of three lobes. */
function lanczos3(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= SUPPORT) return 0;
  const angle = Math.PI * x;
  return (SUPPORT * Math.sin(angle) * Math.sin(angle / SUPPORT)) / (angle * angle);
}

/** Which pixels of a line make one of a longer line, and with what weight. */
interface Taps {
  /** The first of them. */
  readonly from: number;
  /** Of it and of those that follow; their sum is 1. */
  readonly weights: readonly number[];
}

/**
 * Pixel p covers the stretch from p to p + 1, so its centre lies at p + ½: both lines begin and end at the same place, and
 * what is symmetric stays so. (libvips' own enlargement, which sharp calls, lies half a pixel further right and down.)
 *
 * @param from pixels there are
 * @param to   pixels to make, at least `from`
 */
function tapsOf(from: number, to: number): Taps[] {
  return Array.from({ length: to }, (_, pixel) => {
    const centre = ((pixel + 0.5) * from) / to - 0.5; // in whole numbers at pixels' centres
    const first = Math.max(0, Math.ceil(centre - SUPPORT));
    const last = Math.min(from - 1, Math.floor(centre + SUPPORT));
    const raw = Array.from({ length: last - first + 1 }, (_, tap) => lanczos3(first + tap - centre));
    const sum = raw.reduce((total, weight) => total + weight, 0); // at the edges some of the kernel is missing
    return { from: first, weights: raw.map((weight) => weight / sum) };
  });
}

/**
 * Enlarges a square picture by Lanczos' kernel of three lobes, along each axis by itself.
 *
 * @param pixels   uint8 [from, from, channels]
 * @param from     its width and height
 * @param to       width and height to make, at least `from`
 * @returns        uint8 [to, to, channels]
 */
export function enlarge(pixels: Uint8Array, from: number, to: number, channels: number): Uint8Array {
  const taps = tapsOf(from, to);
  const wide = new Float64Array(from * to * channels); // [from, to, channels]
  for (let y = 0; y < from; y++) {
    for (let x = 0; x < to; x++) {
      const { from: first, weights } = taps[x]!;
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let tap = 0; tap < weights.length; tap++) {
          sum += weights[tap]! * pixels[(y * from + first + tap) * channels + channel]!;
        }
        wide[(y * to + x) * channels + channel] = sum;
      }
    }
  }
  const line = to * channels;
  const large = new Uint8ClampedArray(to * line); // rounds, and cuts off what the kernel's lobes put beyond black and white
  for (let y = 0; y < to; y++) {
    const { from: first, weights } = taps[y]!;
    for (let at = 0; at < line; at++) {
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap++) sum += weights[tap]! * wide[(first + tap) * line + at]!;
      large[y * line + at] = sum;
    }
  }
  return new Uint8Array(large.buffer);
}
