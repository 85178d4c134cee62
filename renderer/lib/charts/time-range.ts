/** A stretch of an x axis, in its unit: training images, or seconds of training. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** Round places within a range: multiples of 1, 2 or 5 times a power of ten, at most `most` + 1 of them. */
export function roundTicks({ from, to }: TimeRange, most: number): number[] {
  const rough = (to - from) / most;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, index) => (first + index) * step);
}
