import { isOfGrid, type Progress } from './jobs.ts';
import type { RunSummary } from './runs.ts';

/** How far something is, and how long a run will still take. */

/** What is done of all, from 0 to 1: the last batch of a run may go beyond its end. A whole that is not known: 0. */
export function shareDone(done: number, all: number): number {
  return partOf(done, all, 1);
}

/** The same in whole percent, "100 %" never before all is done: "0 %", "37 %", "99 %", "100 %". */
export function percentDone(done: number, all: number): string {
  return `${Math.floor(partOf(done, all, 100))} %`;
}

/** Multiplied before it is divided: 100 × (29 / 100) is less than 29. */
function partOf(done: number, all: number, scale: number): number {
  return all > 0 && Number.isFinite(done) ? Math.min(scale, Math.max(0, (scale * done) / all)) : 0;
}

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
  const drawing = progress !== null && isOfGrid(progress) ? progress : null;
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
