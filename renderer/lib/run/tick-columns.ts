import type { MagnitudeTable, TickColumns } from '../../../contract/runs.ts';

export const noTicks: TickColumns = {
  nimg: [],
  trainSeconds: [],
  loss: [],
  lossStderr: [],
  learningRate: [],
  imagesPerSecond: [],
  memoryBytes: [],
};

/**
 * History with news at its end. A run that went on from a checkpoint logs again what came after it: the older entries
 * at or after the first new one were rewound and fall away, so that the curve is no zigzag.
 */
export function appendTicks(history: TickColumns, news: TickColumns): TickColumns {
  const first = news.nimg[0];
  if (first === undefined) return history;
  const kept = countBelow(history.nimg, first);
  return {
    nimg: join(history.nimg, kept, news.nimg),
    trainSeconds: join(history.trainSeconds, kept, news.trainSeconds),
    loss: join(history.loss, kept, news.loss),
    lossStderr: join(history.lossStderr, kept, news.lossStderr),
    learningRate: join(history.learningRate, kept, news.learningRate),
    imagesPerSecond: join(history.imagesPerSecond, kept, news.imagesPerSecond),
    memoryBytes: join(history.memoryBytes, kept, news.memoryBytes),
  };
}

/** History without what came after so many images. */
export function ticksUpTo(history: TickColumns, nimg: number): TickColumns {
  const kept = countBelow(history.nimg, nimg + 1);
  if (kept === history.nimg.length) return history;
  const columns = Object.entries(history).map(([name, column]) => [name, column.slice(0, kept)]);
  return Object.fromEntries(columns) as TickColumns;
}

/** As `appendTicks`, for a heat map; `news` holds only moments that `history` has not, or rewound ones. */
export function appendMagnitudes(history: MagnitudeTable, news: MagnitudeTable): MagnitudeTable {
  const first = news.nimg[0];
  if (first === undefined) return history;
  if (history.nimg.length === 0) return news;
  const kept = countBelow(history.nimg, first);
  return {
    ...history,
    nimg: join(history.nimg, kept, news.nimg),
    values: history.values.map((row, index) => join(row, kept, news.values[index] ?? [])),
  };
}

/** How many entries of a rising list are below `limit`. */
export function countBelow(rising: readonly number[], limit: number): number {
  let count = rising.length;
  while (count > 0 && rising[count - 1]! >= limit) count--;
  return count;
}

function join<T>(history: readonly T[], kept: number, news: readonly T[]): T[] {
  return [...history.slice(0, kept), ...news];
}
