import type { TracedEvent } from '../../engine/trace/traced-ops.ts';
import { kindOf } from './op-kinds.ts';

/** The runs of a step, in their order: which entry, and what happened meanwhile. */
export interface TracedPart {
  readonly entry: string;
  readonly events: readonly TracedEvent[];
}

/** The process in the picture that holds the runs themselves; places come after it. */
const RUNS = 0;

/** An event on the clock of the step. */
interface Placed extends TracedEvent {
  /** Microseconds since its first event began, and when it ended. */
  readonly at: number;
  readonly end: number;
}

/**
 * A step as a file that Perfetto and Chrome's own viewer open: a row for its runs, and rows for each place where ops and
 * kernels ran. What ran side by side stands in rows of its own, so that nothing in a row overlaps.
 *
 * Source: "Trace Event Format", the JSON object format, with complete events ("X") and names of rows ("M").
 *
 * @returns JSON
 */
export function traceFile(parts: readonly TracedPart[]): string {
  const starts = parts.flatMap(({ events }) => events.map(({ start }) => start));
  const first = starts.reduce((least, start) => (start < least ? start : least), starts[0] ?? 0n);
  const placed = parts.map(({ entry, events }) => ({ entry, events: events.map((event) => onClock(event, first)) }));
  const events = placed.flatMap((part) => part.events);
  const places = [...new Set(events.map(({ place }) => place))].sort();
  const named = [nameOf('process_name', RUNS, 0, 'step'), nameOf('thread_name', RUNS, 0, 'runs')];
  const complete: object[] = placed.flatMap(({ entry, events }) => runEvent(entry, events));
  for (const [index, place] of places.entries()) {
    const pid = index + 1;
    named.push(nameOf('process_name', pid, 0, place));
    const rows = inRows(events.filter((event) => event.place === place));
    for (const [tid, row] of rows.entries()) {
      named.push(nameOf('thread_name', pid, tid, rows.length === 1 ? 'ops' : `ops, row ${tid + 1}`));
      complete.push(...row.map((event) => ({ ...opEvent(event), pid, tid })));
    }
  }
  return JSON.stringify({ displayTimeUnit: 'ms', traceEvents: [...named, ...complete] });
}

function onClock(event: TracedEvent, first: bigint): Placed {
  const at = Number(event.start - first) / 1000;
  return { ...event, at, end: at + event.microseconds };
}

function nameOf(name: 'process_name' | 'thread_name', pid: number, tid: number, words: string): object {
  return { ph: 'M', name, pid, tid, args: { name: words } };
}

function runEvent(entry: string, events: readonly Placed[]): object[] {
  if (events.length === 0) return [];
  const start = events.reduce((least, { at }) => Math.min(least, at), Infinity);
  const end = events.reduce((most, { end }) => Math.max(most, end), 0);
  return [{ ph: 'X', name: entry, cat: 'run', ts: start, dur: end - start, pid: RUNS, tid: 0, args: {} }];
}

function opEvent({ node, op, part, layer, kernel, output, at, microseconds }: Placed): object {
  const told = { layer, op, node, kernel, output };
  return {
    ...{ ph: 'X', name: layer === null ? op : `${layer} ${op}`, cat: kindOf(op, part), ts: at, dur: microseconds },
    args: Object.fromEntries(Object.entries(told).filter(([, value]) => value !== null)),
  };
}

/** Each event goes into the first row in which the one before is over. */
function inRows(events: readonly Placed[]): Placed[][] {
  const rows: Placed[][] = [];
  for (const event of [...events].sort((a, b) => a.at - b.at)) {
    const row = rows.find((row) => row.at(-1)!.end <= event.at);
    if (row === undefined) rows.push([event]);
    else row.push(event);
  }
  return rows;
}
