import type { Cells, DynamicsSpan, DynamicsTable } from '../../../contract/dynamics-table.ts';
import { mapTickColumns, tickColumns, type TickColumns } from '../../../contract/ticks.ts';

export const noTicks: TickColumns = tickColumns([]);

/**
 * History with news at its end. A run that went on from a checkpoint logs again what came after it: the older entries
 * at or after the first new one were rewound and fall away, so that the curve is no zigzag.
 */
export function appendTicks(history: TickColumns, news: TickColumns): TickColumns {
  const first = news.nimg[0];
  if (first === undefined) return history;
  const kept = countBelow(history.nimg, first);
  return mapTickColumns((name) => join<number | null>(history[name], kept, news[name]));
}

/** History without what came after so many images. */
export function ticksUpTo(history: TickColumns, nimg: number): TickColumns {
  const kept = countBelow(history.nimg, nimg + 1);
  if (kept === history.nimg.length) return history;
  return mapTickColumns((name) => history[name].slice(0, kept));
}

/** As `appendTicks`, for a heat map; `news` holds only moments that `history` has not, or rewound ones. */
export function appendMagnitudes(history: DynamicsTable, news: DynamicsTable): DynamicsTable {
  const first = news.nimg[0];
  if (first === undefined) return history;
  if (history.nimg.length === 0) return news;
  const kept = countBelow(history.nimg, first);
  const grown = (of: (span: DynamicsSpan) => Cells): Cells => joinRows(of(spanOf(history)), kept, of(spanOf(news)));
  const table = {
    ...namesOf(history),
    nimg: join(history.nimg, kept, news.nimg),
    values: joinRows(history.values, kept, news.values),
  };
  if (history.span === undefined && news.span === undefined) return table;
  const ticks = join(spanOf(history).ticks, kept, spanOf(news).ticks);
  return { ...table, span: { ticks, low: grown(({ low }) => low), high: grown(({ high }) => high) } };
}

function namesOf({ kind, layers, allLayers }: DynamicsTable): Pick<DynamicsTable, 'kind' | 'layers' | 'allLayers'> {
  return { kind, layers, ...(allLayers && { allLayers }) };
}

/** What columns stand for, of those that are one tick each, too. */
function spanOf({ nimg, values, span }: DynamicsTable): DynamicsSpan {
  return span ?? { ticks: nimg.map(() => 1), low: values, high: values };
}

function joinRows(history: Cells, kept: number, news: Cells): Cells {
  return history.map((row, index) => join(row, kept, news[index] ?? []));
}

/** History with a stretch of it read more closely in its place. */
export function withCloser(history: TickColumns, closer: TickColumns): TickColumns {
  const around = aroundOf(history.nimg, closer.nimg);
  if (around === null) return history;
  return mapTickColumns((name) => around<number | null>(history[name], closer[name]));
}

/** As `withCloser`, for a heat map. */
export function withCloserTable(history: DynamicsTable, closer: DynamicsTable): DynamicsTable {
  const around = aroundOf(history.nimg, closer.nimg);
  if (around === null) return history;
  const rows = (of: Cells, other: Cells): Cells => of.map((row, index) => around(row, other[index] ?? []));
  const [span, other] = [spanOf(history), spanOf(closer)];
  return {
    ...namesOf(history),
    nimg: around(history.nimg, closer.nimg),
    values: rows(history.values, closer.values),
    span: {
      ticks: around(span.ticks, other.ticks),
      low: rows(span.low, other.low),
      high: rows(span.high, other.high),
    },
  };
}

/** Puts items of a closer look in the place of those of its stretch; null: there are none. */
function aroundOf(
  nimg: readonly number[],
  closer: readonly number[],
): (<T>(history: readonly T[], items: readonly T[]) => T[]) | null {
  const [first, last] = [closer[0], closer.at(-1)];
  if (first === undefined || last === undefined) return null;
  const [before, after] = [countBelow(nimg, first), countBelow(nimg, last + 1)];
  return (history, items) => [...history.slice(0, before), ...items, ...history.slice(after)];
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

/** All moments of some lists, rising, each once; a hundred thousand in some milliseconds. */
export function momentsOf(lists: readonly (readonly number[])[]): number[] {
  const all = new Float64Array(lists.reduce((sum, list) => sum + list.length, 0));
  let end = 0;
  for (const list of lists) {
    all.set(list, end);
    end += list.length;
  }
  all.sort();
  const moments: number[] = [];
  for (const moment of all) if (moment !== moments.at(-1)) moments.push(moment);
  return moments;
}
