import * as z from 'zod';

/**
 * The parts of the "Trace Event Format" that a file of ours uses: complete events, and events that name rows.
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
const Complete = z.strictObject({
  ph: z.literal('X'),
  name: z.string().min(1),
  cat: z.string().min(1),
  /** Microseconds. */
  ts: z.number().nonnegative(),
  dur: z.number().nonnegative(),
  pid: z.int(),
  tid: z.int(),
  args: z.record(z.string(), z.string()),
});
type Complete = z.infer<typeof Complete>;

const Name = z.strictObject({
  ph: z.literal('M'),
  name: z.enum(['process_name', 'thread_name']),
  pid: z.int(),
  tid: z.int(),
  args: z.strictObject({ name: z.string().min(1) }),
});

const TraceFile = z.strictObject({
  displayTimeUnit: z.enum(['ms', 'ns']),
  traceEvents: z.array(z.discriminatedUnion('ph', [Complete, Name])),
});

/** A file of a trace; throws if it is none. */
export function readTraceFile(json: string): {
  readonly complete: Complete[];
  /** "process / row" by "pid/tid" */
  readonly names: ReadonlyMap<string, string>;
} {
  const { traceEvents } = TraceFile.parse(JSON.parse(json));
  const named = traceEvents.filter((event) => event.ph === 'M');
  const process = new Map(named.filter(({ name }) => name === 'process_name').map(({ pid, args }) => [pid, args.name]));
  const threads = named.filter(({ name }) => name === 'thread_name');
  return {
    complete: traceEvents.filter((event) => event.ph === 'X'),
    names: new Map(threads.map(({ pid, tid, args }) => [`${pid}/${tid}`, `${process.get(pid)} / ${args.name}`])),
  };
}

/** Events row by row, in the order of time; throws if two of a row overlap. */
export function rowsOf(complete: readonly Complete[]): { readonly place: string; readonly events: Complete[] }[] {
  const rows = new Map<string, Complete[]>();
  for (const event of complete) {
    const place = `${event.pid}/${event.tid}`;
    rows.set(place, [...(rows.get(place) ?? []), event]);
  }
  return [...rows].map(([place, unsorted]) => {
    const events = [...unsorted].sort((a, b) => a.ts - b.ts);
    for (const [index, { ts, name }] of events.entries()) {
      const before = events[index - 1];
      if (before !== undefined && before.ts + before.dur > ts + 1e-6) {
        throw new Error(`${before.name} overlaps ${name} in row ${place}`);
      }
    }
    return { place, events };
  });
}
