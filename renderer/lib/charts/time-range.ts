/** A stretch of an x axis, in its unit: training images, or seconds of training. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** What charts show of their x axis, and who is told to show another stretch. */
export interface TimeWindow {
  /** null: all of it. */
  readonly range: TimeRange | null;
  /** Where all of it ends; it begins at 0. */
  readonly end: number;
  show(range: TimeRange | null): void;
}

/** A stretch is at least this part of the whole. */
const LEAST_SHARE = 1e-5;

/** A stretch as it may be shown: in order, inside the whole, not too short; null where it is all. */
export function fitted({ from, to }: TimeRange, end: number): TimeRange | null {
  const length = Math.min(end, Math.max(Math.abs(to - from), end * LEAST_SHARE));
  const start = Math.min(Math.max(0, Math.min(from, to)), end - length);
  return length >= end ? null : { from: start, to: start + length };
}

/** Makes what is seen so many times shorter (or longer, below 1) around a place, which stays where it is. */
export function zoom(window: TimeWindow, factor: number, around: number): void {
  const { from, to } = window.range ?? { from: 0, to: window.end };
  const at = Math.min(to, Math.max(from, around));
  window.show({ from: at - (at - from) / factor, to: at + (to - at) / factor });
}

/** Moves what is seen by a part of its length; all of it stays. */
export function pan(window: TimeWindow, share: number): void {
  if (window.range === null) return;
  const { from, to } = window.range;
  const by = Math.min(window.end - to, Math.max(-from, share * (to - from)));
  window.show({ from: from + by, to: to + by });
}

/**
 * Round places within a range, at most `most` + 1 of them.
 *
 * @param steps distances between them that are round, rising; absent: 1, 2 or 5 times a power of ten
 */
export function roundTicks({ from, to }: TimeRange, most: number, steps?: readonly number[]): number[] {
  const rough = (to - from) / most;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  const choice = steps ?? [1, 2, 5, 10].map((factor) => factor * power);
  const step = choice.find((candidate) => candidate >= rough) ?? rough;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, index) => (first + index) * step);
}
