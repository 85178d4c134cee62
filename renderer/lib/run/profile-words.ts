import type { Profile } from '../../../contract/profile.ts';
import { number } from '../format.ts';

/** A length of time: "0.412 ms", "999 ms", "1,230 ms". */
export function milliseconds(value: number): string {
  return `${number(value)} ms`;
}

/** Times of all ops together, milliseconds: longer than the step where ops ran side by side. */
export function busyTime(kinds: Profile['kinds']): number {
  return Object.values(kinds).reduce((sum, { milliseconds }) => sum + milliseconds, 0);
}

/** Smaller shares are told as that, in percent. */
const SMALLEST = 0.1;

/** A share as percent of three digits: "68.2 %", "< 0.1 %". */
export function share(part: number, whole: number): string {
  if (part <= 0 || whole <= 0) return '0 %';
  const percent = (100 * part) / whole;
  return percent < SMALLEST ? `< ${SMALLEST} %` : `${number(percent)} %`;
}
