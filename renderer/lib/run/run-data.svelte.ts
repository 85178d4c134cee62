import { untrack } from 'svelte';
import { AppError } from '../../../contract/errors.ts';
import {
  runChanged,
  runDeleted,
  runLogged,
  runMeasured,
  runRewound,
  runTicked,
  sampleAdded,
  snapshotsChanged,
} from '../../../contract/events.ts';
import { type DynamicsKind } from '../../../contract/dynamics.ts';
import { runDynamics, unpackDynamics, type DynamicsTable } from '../../../contract/dynamics-table.ts';
import {
  getRun,
  runLog,
  runSnapshots,
  runTicks,
  type Checkpoint,
  type LogLine,
  type Run,
  type Snapshot,
} from '../../../contract/runs.ts';
import { type TickColumns } from '../../../contract/ticks.ts';
import { listSamples, type Sample } from '../../../contract/samples.ts';
import { client } from '../client/index.ts';
import type { TimeRange } from '../charts/time-range.ts';
import { attempt, toasts } from '../state/toasts.svelte.ts';
import { together } from './together.ts';
import { appendMagnitudes, appendTicks, noTicks, ticksUpTo, withCloser, withCloserTable } from './tick-columns.ts';

/** News are drawn at most this often: a chart that jumps more often is not read better. */
const REDRAW_MS = 400;
/** The heat map is asked for what is new at most this often. */
const MAGNITUDES_MS = 3000;
/** After so many ticks in one sitting the history is read again, thinned by the service. */
const MOST_TICKS = 12_000;
const MOST_LINES = 2000;
/** Columns that a map is asked for, some a pixel of usual windows; what came since stands behind them until it doubles. */
const MAP_COLUMNS = 800;
/** Of a large network fewer, so that the service is not busy for long; closer looks show more. */
const MAP_CELLS = 160_000;
/** So many ticks are all that there are: more are thinned to more than these. */
const FEW_TICKS = 1200;
/** What is seen is read once it has not changed for so long. */
const RESTS_MS = 150;

/** What of a kind is shown: all its rows (null), or some by name. */
interface Part {
  readonly kind: DynamicsKind;
  readonly rows: readonly string[] | null;
}

/** Tables of parts. */
type Parts = ReadonlyMap<string, DynamicsTable>;
const keyOf = ({ kind, rows }: Part): string => JSON.stringify([kind, rows]);

/** A stretch of the history that is read more closely than the rest. */
interface Closely {
  readonly ticks: TickColumns;
  readonly tables: Parts;
}
const NOT_CLOSELY: Closely = { ticks: noTicks, tables: new Map() };

/** Everything one run has logged, kept up to date by events until `close`. */
export class RunData {
  readonly id: number;
  run: Run | null = $state.raw(null);
  /** The run is not there (any more). */
  missing = $state(false);
  /** The whole history, as far as it has been read, and what of it is looked at closely. */
  #ticks: TickColumns = $state.raw(noTicks);
  #tables: Parts = $state.raw(new Map());
  #closely: Closely = $state.raw(NOT_CLOSELY);
  /** The history, as finely as what is seen can be shown. */
  readonly ticks: TickColumns = $derived(withCloser(this.#ticks, this.#closely.ticks));
  /** Of parts: as the history. */
  readonly #shown: Parts = $derived(
    new Map(
      [...this.#tables].map(([key, table]) => {
        const closer = this.#closely.tables.get(key);
        return [key, closer ? withCloserTable(table, closer) : table];
      }),
    ),
  );
  /** Kinds that are watched as a whole. */
  readonly magnitudes: Readonly<Partial<Record<DynamicsKind, DynamicsTable>>> = $derived(
    Object.fromEntries(
      [...this.#shown.values()].filter((table) => !table.allLayers).map((table) => [table.kind, table]),
    ),
  );
  /** Names of a kind's rows, once any of it has been read: they stay as they are as long as the run is. */
  rowNames: Readonly<Partial<Record<DynamicsKind, readonly string[]>>> = $state.raw({});
  /** Whether the history has arrived; before that nothing says "no steps yet". */
  loaded = $state(false);
  /** Grids drawn while training, oldest first. */
  samples: readonly Sample[] = $state.raw([]);
  snapshots: readonly Snapshot[] = $state.raw([]);
  checkpoints: readonly Checkpoint[] = $state.raw([]);
  log: readonly LogLine[] = $state.raw([]);

  /** What is seen; null: all. */
  #seen: TimeRange | null = null;
  #resting: ReturnType<typeof setTimeout> | undefined;
  readonly #curvesOnly: { readonly points: number } | null;
  readonly #ends: (() => void)[] = [];
  /** It has begun to run again, and its next tick tells where it went on. */
  #resuming = false;
  #news: TickColumns = noTicks;
  #drawing: ReturnType<typeof setTimeout> | null = null;
  /** What is shown, a list each time that something on the page watches. */
  readonly #watches = new Set<readonly Part[]>();
  #growth: Promise<void> = Promise.resolve();
  #asking: ReturnType<typeof setTimeout> | null = null;

  /** @param curvesOnly leaves out log and snapshots, and reads so many points of a curve, where many runs are seen together */
  constructor(id: number, { curvesOnly }: { curvesOnly?: { points: number } } = {}) {
    this.id = id;
    this.#curvesOnly = curvesOnly ?? null;
    const mine = (runId: number): boolean => runId === id;
    this.#ends.push(
      client.on(runChanged, (summary) => {
        if (!mine(summary.id) || !this.run) return;
        // The device is known once the run trains, and is not part of the summary.
        const begins = this.run.device === null && this.run.nimg === 0 && summary.nimg > 0;
        if (summary.state !== this.run.state || begins) {
          this.#resuming = summary.state === 'running';
          void this.#loadRun();
        }
        this.run = { ...this.run, ...summary };
      }),
      client.on(runDeleted, ({ runId }) => {
        if (mine(runId)) this.missing = true;
      }),
      client.on(runTicked, ({ runId, ticks }) => {
        if (!mine(runId)) return;
        this.#take(ticks);
        if (!this.#resuming) return;
        this.#resuming = false;
        void this.#loadRun();
      }),
      client.on(runMeasured, ({ runId }) => {
        if (mine(runId)) this.#growSoon();
      }),
      client.on(runRewound, ({ runId, nimg }) => {
        if (mine(runId)) this.#rewind(nimg);
      }),
      client.on(sampleAdded, (sample) => {
        if (mine(sample.runId) && sample.origin === 'grid') this.#addSample(sample);
      }),
      client.on(snapshotsChanged, ({ runId }) => {
        if (mine(runId) && this.#curvesOnly === null) void attempt(() => this.#loadSnapshots());
      }),
      client.on(runLogged, ({ runId, line }) => {
        if (mine(runId)) this.log = [...this.log.filter((other) => other.id !== line.id), line].slice(-MOST_LINES);
      }),
      client.whenOpen(() => void this.#load()),
    );
  }

  close(): void {
    for (const end of this.#ends) end();
    if (this.#drawing) clearTimeout(this.#drawing);
    if (this.#asking) clearTimeout(this.#asking);
    clearTimeout(this.#resting);
  }

  /** Loads what was recorded of these kinds and keeps it growing. @returns ends that */
  watch(kinds: readonly DynamicsKind[]): () => void {
    return this.#watch(kinds.map((kind) => ({ kind, rows: null })));
  }

  /** The same for some rows of a kind, which `rowsOf` gives; without any only the names of all rows are found out. */
  watchRows(kind: DynamicsKind, rows: readonly string[]): () => void {
    return this.#watch([{ kind, rows: [...rows] }]);
  }

  /** What is watched with the same rows; undefined: not read yet. */
  rowsOf(kind: DynamicsKind, rows: readonly string[]): DynamicsTable | undefined {
    return this.#shown.get(keyOf({ kind, rows }));
  }

  #watch(watch: readonly Part[]): () => void {
    this.#watches.add(watch);
    // Whoever asks in an effect is not to ask again for what it gets. Before the history is there they are read with it.
    untrack(() => {
      if (this.loaded) void attempt(() => this.#growMagnitudes(watch));
      this.look(this.#seen);
    });
    return () => this.#watches.delete(watch);
  }

  /** Reads a stretch of the history as finely as it can be shown, once it is looked at for a moment; null: all is seen. */
  look(range: TimeRange | null): void {
    this.#seen = range;
    clearTimeout(this.#resting);
    if (range === null) this.#closely = NOT_CLOSELY;
    else this.#resting = setTimeout(() => void attempt(() => this.#lookCloser(range)), RESTS_MS);
  }

  async #lookCloser(range: TimeRange): Promise<void> {
    const stretch = { id: this.id, afterNimg: Math.floor(range.from) - 1, untilNimg: Math.ceil(range.to) };
    const ticks = this.#ticks.nimg.length > FEW_TICKS ? await this.#readTicks(stretch) : noTicks;
    const tables = new Map<string, DynamicsTable>();
    await this.#growth; // what is to be looked at closely has been read by then
    for (const [key, part] of this.#watched) {
      if (this.#tables.get(key)?.span !== undefined) tables.set(key, await this.#read(part, stretch));
    }
    await this.#turn();
    if (this.#seen === range) this.#closely = { ticks, tables };
  }

  get #watched(): ReadonlyMap<string, Part> {
    return new Map([...this.#watches].flat().map((part) => [keyOf(part), part]));
  }

  async #load(): Promise<void> {
    await this.#loadRun();
    if (this.missing) return;
    await attempt(async () => {
      await this.#readTicksAgain(); // all of them: it may have been rewound while we did not listen
      this.loaded = true;
    });
    const watched = this.#watched;
    this.#tables = new Map([...this.#tables].filter(([key]) => watched.has(key)));
    await attempt(() => this.#growMagnitudes([...watched.values()], true));
    await attempt(async () => {
      const samples = await client.call(listSamples, { runId: this.id, origin: 'grid', limit: 2000 });
      this.samples = [...samples].sort((a, b) => a.nimg - b.nimg);
    });
    if (this.#curvesOnly !== null) return;
    await attempt(() => this.#loadSnapshots());
    await attempt(async () => {
      this.log = await client.call(runLog, { id: this.id, limit: 1000 });
    });
  }

  async #loadRun(): Promise<void> {
    try {
      this.run = await client.call(getRun, { id: this.id });
      this.missing = false;
    } catch (error) {
      if (error instanceof AppError && error.code === 'not-found') this.missing = true;
      else toasts.fail(error);
    }
  }

  async #loadSnapshots(): Promise<void> {
    const { snapshots, checkpoints } = await client.call(runSnapshots, { id: this.id });
    this.snapshots = snapshots;
    this.checkpoints = checkpoints;
  }

  /** What came after so many images no longer counts, and falls away; its snapshots are told by an event of their own. */
  #rewind(nimg: number): void {
    this.#news = ticksUpTo(this.#news, nimg);
    this.#ticks = ticksUpTo(this.#ticks, nimg);
    this.samples = this.samples.filter((sample) => sample.nimg <= nimg);
    this.#tables = new Map();
    this.#closely = NOT_CLOSELY;
    this.look(this.#seen);
    void attempt(() => this.#growMagnitudes());
  }

  #take(ticks: TickColumns): void {
    this.#news = appendTicks(this.#news, ticks);
    this.#drawing ??= setTimeout(() => {
      this.#drawing = null;
      this.#ticks = appendTicks(this.#ticks, this.#news);
      this.#news = noTicks;
      if (this.#ticks.nimg.length > MOST_TICKS) void attempt(() => this.#readTicksAgain());
    }, REDRAW_MS);
    this.#growSoon();
  }

  #growSoon(): void {
    if (this.#watches.size === 0) return;
    this.#asking ??= setTimeout(() => {
      this.#asking = null;
      void attempt(() => this.#growMagnitudes());
    }, MAGNITUDES_MS);
  }

  async #readTicksAgain(): Promise<void> {
    const ticks = await this.#readTicks({ id: this.id });
    await this.#turn();
    this.#ticks = ticks;
  }

  /** Beside many other runs: waits until what they have read is shown, too. */
  async #turn(): Promise<void> {
    if (this.#curvesOnly !== null) await together();
  }

  #readTicks(stretch: { id: number; afterNimg?: number; untilNimg?: number }): Promise<TickColumns> {
    return client.call(runTicks, { ...stretch, ...(this.#curvesOnly && { maxPoints: this.#curvesOnly.points }) });
  }

  /**
   * One growth after the other: each goes on from what the one before has read.
   *
   * @param anew reads all of them, instead of what came since
   */
  #growMagnitudes(parts: Iterable<Part> = this.#watched.values(), anew = false): Promise<void> {
    const growth = this.#growth.then(async () => {
      for (const part of parts) await this.#grow(part, anew);
    });
    this.#growth = growth.catch(() => undefined);
    return growth;
  }

  async #grow(part: Part, anew: boolean): Promise<void> {
    const key = keyOf(part);
    const history = this.#tables.get(key);
    // A rewound run logs moments again that the page has already: then the tail is asked for again.
    const last = history?.nimg.at(-1) ?? -1;
    const end = this.#ticks.nimg.at(-1) ?? last;
    const tooMany = (history?.nimg.length ?? 0) > 2 * MAP_COLUMNS;
    const afterNimg = anew || end < last || tooMany ? -1 : last;
    const news = await this.#read(part, { id: this.id, afterNimg });
    await this.#turn();
    const grown = history && afterNimg >= 0 ? appendMagnitudes(history, news) : news;
    this.#tables = new Map(this.#tables).set(key, grown);
    this.rowNames = { ...this.rowNames, [part.kind]: grown.allLayers ?? grown.layers };
  }

  async #read(
    { kind, rows }: Part,
    stretch: { id: number; afterNimg: number; untilNimg?: number },
  ): Promise<DynamicsTable> {
    const asked = { ...stretch, kind, ...(rows && { rows: [...rows] }) };
    const columns = rows?.length === 0 ? 10 : MAP_COLUMNS; // only names are wanted
    return unpackDynamics(await client.call(runDynamics, { ...asked, maxColumns: columns, maxCells: MAP_CELLS }));
  }

  #addSample(sample: Sample): void {
    const others = this.samples.filter((other) => other.id !== sample.id && other.nimg !== sample.nimg);
    this.samples = [...others, sample].sort((a, b) => a.nimg - b.nimg);
  }
}
