/** What the slider of σ_rel spans. Shorter averages are hardly ever stored; 0.28 is almost the uniform average, 12^−½. */
export const SHORTEST = 0.01;
export const LONGEST = 0.28;

/** Labels of the scale. */
export const marks = [0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.28] as const;

const SPAN = Math.log(LONGEST / SHORTEST);

/** A step of the arrow keys, as a share of the scale: 1.7 % of σ_rel. */
const STEP = 1 / 200;
const LARGE_STEP = 10 * STEP;
/** A pointer so near to a stored average, as a share of the scale, means that average. */
const REACH = 0.008;

/** Where a σ_rel stands on the logarithmic scale, 0 to 1; beyond its ends: at the end. */
export function placeOf(sigmaRel: number): number {
  return Math.min(1, Math.max(0, Math.log(sigmaRel / SHORTEST) / SPAN));
}

/** The σ_rel at a place of the scale, to three digits: the inverse of `placeOf`. */
export function sigmaAt(place: number): number {
  const within = Math.min(1, Math.max(0, place));
  return round(SHORTEST * Math.exp(within * SPAN));
}

/** The σ_rel that a pointer at a place means: a stored one where it is near one. */
export function pointedAt(place: number, stored: readonly number[]): number {
  const near = stored
    .map((sigmaRel) => ({ sigmaRel, distance: Math.abs(placeOf(sigmaRel) - place) }))
    .filter(({ distance }) => distance < REACH)
    .sort((a, b) => a.distance - b.distance)[0];
  return near?.sigmaRel ?? sigmaAt(place);
}

/**
 * Where a key takes the slider; null: it is not one of the slider's. Arrows go by 1.7 %, with Shift ten times as far;
 * Page up and down go to the next stored average, Home and End to the ends.
 */
export function movedBy(
  key: { key: string; shiftKey: boolean },
  sigmaRel: number,
  stored: readonly number[],
): number | null {
  const step = key.shiftKey ? LARGE_STEP : STEP;
  switch (key.key) {
    case 'ArrowRight':
    case 'ArrowUp':
      return sigmaRel >= LONGEST ? sigmaRel : sigmaAt(placeOf(sigmaRel) + step);
    case 'ArrowLeft':
    case 'ArrowDown':
      return sigmaRel <= SHORTEST ? sigmaRel : sigmaAt(placeOf(sigmaRel) - step);
    case 'PageUp':
      return Math.min(...stored.filter((other) => other > sigmaRel), LONGEST);
    case 'PageDown':
      return Math.max(...stored.filter((other) => other < sigmaRel), SHORTEST);
    case 'Home':
      return SHORTEST;
    case 'End':
      return LONGEST;
    default:
      return null;
  }
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
