import type { GpuColumns, SystemColumns } from '../../../contract/system.ts';
import { lastAt, nearest } from '../charts/series.ts';
import type { TimeRange, TimeWindow } from '../charts/time-range.ts';

export const noSystem: SystemColumns = {
  seconds: [],
  at: [],
  nimg: [],
  cpuPercent: [],
  jobCpuPercent: [],
  memoryUsed: [],
  memoryTotal: 0,
  jobMemory: [],
  gpus: [],
};

/** History with news at its end; what is in both stays once. A GPU that one of them lacks has a gap there. */
export function appendSystem(history: SystemColumns, news: SystemColumns): SystemColumns {
  const last = history.seconds.at(-1) ?? -1;
  const skipped = news.seconds.filter((seconds) => seconds <= last).length;
  if (skipped === news.seconds.length) return history;
  const join = <T>(before: readonly T[], after: readonly T[]): T[] => [...before, ...after.slice(skipped)];
  const indices = [...new Set([...history.gpus, ...news.gpus].map(({ index }) => index))].sort((a, b) => a - b);
  const gap = (length: number): null[] => Array.from({ length }, () => null);
  const gpus = indices.map((index): GpuColumns => {
    const before = history.gpus.find((gpu) => gpu.index === index);
    const after = news.gpus.find((gpu) => gpu.index === index);
    const column = (name: 'utilisation' | 'memoryUsed' | 'temperature' | 'power'): (number | null)[] =>
      join(before?.[name] ?? gap(history.seconds.length), after?.[name] ?? gap(news.seconds.length));
    const known = (after ?? before)!;
    return {
      index,
      name: known.name,
      memoryTotal: known.memoryTotal,
      utilisation: column('utilisation'),
      memoryUsed: column('memoryUsed'),
      temperature: column('temperature'),
      power: column('power'),
    };
  });
  return {
    seconds: join(history.seconds, news.seconds),
    at: join(history.at, news.at),
    nimg: join(history.nimg, news.nimg),
    cpuPercent: join(history.cpuPercent, news.cpuPercent),
    jobCpuPercent: join(history.jobCpuPercent, news.jobCpuPercent),
    memoryUsed: join(history.memoryUsed, news.memoryUsed),
    memoryTotal: news.memoryTotal,
    jobMemory: join(history.jobMemory, news.jobMemory),
    gpus,
  };
}

/** A pause at least this much longer than the work between two samples is one; clocks are set by less. */
const PAUSE_SECONDS = 20;

/** Where the run went on after a pause, in seconds of its processes: there much more time passed than was worked. */
export function resumedAt({ seconds, at }: SystemColumns): number[] {
  return seconds.filter((now, index) => {
    if (index === 0) return false;
    const passed = (at[index]! - at[index - 1]!) / 1000;
    return passed - (now - seconds[index - 1]!) > PAUSE_SECONDS;
  });
}

/**
 * What charts over seconds show, where other charts show a stretch of images: the seconds in which these were seen.
 *
 * @param columns read anew each time
 */
export function secondsWindow(images: TimeWindow, columns: () => SystemColumns): TimeWindow {
  return {
    get end() {
      return columns().seconds.at(-1) ?? 0;
    },
    get range() {
      const { seconds, nimg } = columns();
      if (images.range === null || seconds.length < 2) return null;
      const first = Math.max(0, lastAt(nimg, images.range.from));
      const last = nimg.findIndex((seen) => seen >= images.range!.to);
      const from = Math.min(first, seconds.length - 2);
      return { from: seconds[from]!, to: seconds[last > from ? last : seconds.length - 1]! };
    },
    show(range: TimeRange | null) {
      const { seconds, nimg } = columns();
      const at = (second: number): number => nimg[nearest(seconds, second)] ?? 0;
      images.show(range === null ? null : { from: at(range.from), to: at(range.to) });
    },
  };
}
