import type { Database } from 'better-sqlite3';
import { csvTable, csvText } from '../../contract/csv.ts';
import { DynamicsKind } from '../../contract/dynamics.ts';
import { tickScalars, type Tick, type TickScalarName } from '../../contract/ticks.ts';
import { momentsAfter, rowsOfKind } from '../store/dynamics.ts';
import { getRunSummary } from '../store/runs.ts';
import { ticksAfter } from '../store/ticks.ts';

/**
 * All that runs have recorded as text, number by number and none left out, in pieces: a run may have a million ticks, and
 * others are served between two of them.
 */

/** What is written: ticks alone, or every kind of every layer, block and noise level, too. */
export interface NumbersAsked {
  readonly ids: readonly number[];
  readonly kinds: boolean;
  readonly form: 'csv' | 'json';
}

const TICKS_AT_ONCE = 1000;
/** Numbers of a kind that are read at once. */
const CELLS_AT_ONCE = 20_000;

const names = Object.keys(tickScalars) as TickScalarName[];

interface NamedRun {
  readonly id: number;
  readonly name: string;
}

/**
 * Numbers of runs. As CSV a line is a tick; with kinds it is a number, and ticks are of the kinds that their scalars are
 * called. As JSON each run has its ticks as lists in the order of `fields`, and of each kind lists of the moment and a
 * number a row. What was not finite or not measured is empty or null.
 *
 * @throws {AppError} 'not-found' for a run that is not there, before the first piece
 */
export function recordedNumbers(db: Database, { ids, kinds, form }: NumbersAsked): AsyncIterable<string> {
  const runs = [...new Set(ids)].map((id): NamedRun => ({ id, name: getRunSummary(db, id).name }));
  return between(form === 'json' ? asJson(db, runs, kinds) : kinds ? asLongCsv(db, runs) : asCsv(db, runs));
}

/** Lets others be served between two pieces. */
async function* between(pieces: Iterable<string>): AsyncGenerator<string> {
  for (const piece of pieces) {
    yield piece;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function* asCsv(db: Database, runs: readonly NamedRun[]): Generator<string> {
  yield csvTable([['run', 'name', ...names]]);
  for (const { id, name } of runs) {
    const run = `${id},${csvText(name)}`;
    for (const ticks of ticksOf(db, id))
      yield ticks.map((tick) => `${run},${names.map((scalar) => tick[scalar] ?? '').join(',')}\r\n`).join('');
  }
}

function* asLongCsv(db: Database, runs: readonly NamedRun[]): Generator<string> {
  yield csvTable([['run', 'name', 'nimg', 'kind', 'row', 'value']]);
  const scalars = names.filter((name) => name !== 'nimg');
  for (const { id, name } of runs) {
    for (const ticks of ticksOf(db, id)) {
      yield csvTable(
        ticks.flatMap((tick) => scalars.map((scalar) => [id, name, tick.nimg, scalar, null, tick[scalar]])),
      );
    }
    for (const kind of DynamicsKind.options) {
      const rows = rowsOfKind(db, id, kind);
      for (const moments of momentsOf(db, id, kind, rows.length))
        yield csvTable(
          moments.flatMap(({ nimg, numbers }) =>
            rows.map((row, at) => [id, name, nimg, kind, row, short(numbers[at]!)]),
          ),
        );
    }
  }
}

function* asJson(db: Database, runs: readonly NamedRun[], kinds: boolean): Generator<string> {
  yield `{"fields":${JSON.stringify(names)},"runs":[`;
  for (const [index, { id, name }] of runs.entries()) {
    yield `${index > 0 ? ',' : ''}\n{"id":${id},"name":${JSON.stringify(name)},"ticks":[`;
    yield* listed(ticksOf(db, id), (tick) => names.map((scalar) => tick[scalar]));
    yield ']';
    if (kinds) yield* kindsAsJson(db, id);
    yield '}';
  }
  yield ']}\n';
}

function* kindsAsJson(db: Database, id: number): Generator<string> {
  yield ',"kinds":[';
  let isFirst = true;
  for (const kind of DynamicsKind.options) {
    const rows = rowsOfKind(db, id, kind);
    if (rows.length === 0) continue;
    yield `${isFirst ? '' : ','}\n{"kind":"${kind}","rows":${JSON.stringify(rows)},"moments":[`;
    yield* listed(momentsOf(db, id, kind, rows.length), ({ nimg, numbers }) => [nimg, ...Array.from(numbers, short)]);
    yield ']}';
    isFirst = false;
  }
  yield ']';
}

/** Items of lists as one JSON list without its brackets, a line an item. */
function* listed<T>(lists: Iterable<readonly T[]>, cells: (item: T) => (number | null)[]): Generator<string> {
  let isFirst = true;
  for (const list of lists) {
    yield list.map((item, at) => `${isFirst && at === 0 ? '' : ','}\n${JSON.stringify(cells(item))}`).join('');
    isFirst = false;
  }
}

function* ticksOf(db: Database, id: number): Generator<readonly Tick[]> {
  for (let nimg = -1; ;) {
    const ticks = ticksAfter(db, id, nimg, TICKS_AT_ONCE);
    if (ticks.length === 0) return;
    yield ticks;
    nimg = ticks.at(-1)!.nimg;
  }
}

function* momentsOf(
  db: Database,
  id: number,
  kind: DynamicsKind,
  rows: number,
): Generator<ReturnType<typeof momentsAfter>> {
  if (rows === 0) return;
  for (let nimg = -1; ;) {
    const moments = momentsAfter(db, id, kind, nimg, Math.max(1, Math.floor(CELLS_AT_ONCE / rows)));
    if (moments.length === 0) return;
    yield moments;
    nimg = moments.at(-1)!.nimg;
  }
}

/** A float32 in the nine digits that tell it from every other; null: it is not finite. */
function short(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(9)) : null;
}
