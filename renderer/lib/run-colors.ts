/** How a run is drawn wherever it appears: one of eight hues, and a dash pattern where the hues have run out. */
export interface RunMark {
  /** CSS custom property of the colour ("--run-3"). */
  readonly token: string;
  /** Lengths of dash and gap in pixels; empty: a solid line. */
  readonly dash: readonly number[];
}

const HUES = 8;
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

/** The mark of a run. It depends on the id alone, so that a run never changes its colour. */
export function runMark(runId: number): RunMark {
  const index = runId - 1;
  return { token: `--run-${(index % HUES) + 1}`, dash: DASHES[Math.floor(index / HUES) % DASHES.length]! };
}
