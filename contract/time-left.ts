import { MICRO_BATCHES, type Progress } from './jobs.ts';
import type { RunSummary } from './runs.ts';

/** How far a run is, and how long it will still take. */

/**
 * How many grids a run draws after `from` images and until `until`: one whenever a multiple of the interval is passed, and
 * one at the end.
 *
 * @param every    interval in images; 0: never, at the end neither
 * @param duration images after which the run ends
 */
export function gridsBetween(from: number, until: number, every: number, duration: number): number {
  if (every === 0 || until <= from) return 0;
  const passed = Math.floor(until / every) - Math.floor(from / every);
  return passed + (until >= duration && duration % every !== 0 ? 1 : 0);
}

/**
 * Seconds until a run has come so far, at the speed of its newest tick and its newest grid; null where that can't be said.
 *
 * @param progress what its job tells: how far a step is, or the grid that it draws; null: nothing
 * @param goal    in images; default: the run's end
 */
export function secondsToGo(
  run: Pick<RunSummary, 'nimg' | 'durationImages' | 'imagesPerSecond' | 'sampleImages' | 'gridSeconds'>,
  progress: Progress | null = null,
  goal = run.durationImages,
): number | null {
  if (run.imagesPerSecond === null || run.imagesPerSecond <= 0) return null;
  const drawing = progress?.unit === MICRO_BATCHES ? null : progress;
  // How long the first grid takes nobody knows; before it begins, the training that comes first is most of the time.
  if (drawing !== null && run.gridSeconds === null) return null;
  const grids = gridsBetween(run.nimg, goal, run.sampleImages, run.durationImages);
  const ofThis = drawing === null || drawing.total === 0 ? 0 : 1 - drawing.done / drawing.total;
  return Math.max(0, goal - run.nimg) / run.imagesPerSecond + (grids + ofThis) * (run.gridSeconds ?? 0);
}

/** "Drawing 64 pictures, 12 of 18 steps"; words alone where nothing is counted. */
export function progressWords({ text, done, total, unit }: Progress): string {
  if (unit === '') return text;
  return total > 0
    ? `${text}, ${Math.round(done)} of ${Math.round(total)} ${unit}`
    : `${text}, ${Math.round(done)} ${unit}`;
}
