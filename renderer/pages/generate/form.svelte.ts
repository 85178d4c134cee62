import { getRun, runSnapshots, type Run, type Snapshot } from '../../../contract/runs.ts';
import { GenerateRequest, type Sample } from '../../../contract/samples.ts';
import type { SamplerConfig } from '../../../contract/training.ts';
import { client } from '../../lib/client/index.ts';
import { datasets } from '../../lib/state/datasets.svelte.ts';
import { distinctSeeds, readList, writeList } from './seeds.ts';
import { layOut, type ClassChoice, type Layout } from './sheet.ts';

/** How classes are spread: every class a row, some of them, one for all, or whatever each seed draws. */
export type ClassMode = 'all' | 'some' | 'one' | 'drawn';

/** What is to be generated: the fields of the form, what they mean and what is wrong with them. */
export class GenerateForm {
  /** The run whose snapshots are offered; null: none chosen or not loaded yet. */
  run: Run | null = $state.raw(null);
  /** Its snapshots, newest first; null until they are known. */
  snapshots: readonly Snapshot[] | null = $state.raw(null);
  nimg: number | null = $state(null);
  emaStd: number | null = $state(null);

  seedsText = $state('0-7');
  classMode: ClassMode = $state('all');
  /** Label for all pictures, with mode 'one'. */
  oneLabel = $state(0);
  /** Labels of the rows, with mode 'some'. */
  someLabels: number[] = $state([]);
  /** Null: chosen by the layout. */
  columns: number | null = $state(null);
  sampler: SamplerConfig = $state({ steps: 32, sigmaMin: 0.002, sigmaMax: 80, rho: 7 });
  /** Sampler fields whose text is no number in range. */
  badFields: string[] = $state([]);

  /** Names of the classes that the network knows; empty: it knows none. */
  readonly classes: readonly string[] = $derived.by(() => {
    const count = this.run?.shape.labelDim ?? 0;
    const names = this.run ? (datasets.find(this.run.datasetId)?.classes ?? []) : [];
    return Array.from({ length: count }, (_, label) => names[label] ?? `class ${label}`);
  });
  /** Moments that have snapshots, newest first. */
  readonly moments: readonly number[] = $derived([...new Set((this.snapshots ?? []).map(({ nimg }) => nimg))]);
  /** Averages that are stored for the chosen moment, shortest first. */
  readonly averages: readonly number[] = $derived(
    (this.snapshots ?? [])
      .filter(({ nimg }) => nimg === this.nimg)
      .map(({ emaStd }) => emaStd)
      .sort((a, b) => a - b),
  );
  readonly snapshot: Snapshot | null = $derived(
    this.snapshots?.find(({ nimg, emaStd }) => nimg === this.nimg && emaStd === this.emaStd) ?? null,
  );

  readonly #seeds = $derived(readList(this.seedsText));
  readonly #layout: Layout | { problem: string } | null = $derived.by(() =>
    'numbers' in this.#seeds ? layOut(this.#seeds.numbers, this.#choice, this.columns) : null,
  );

  readonly seedsProblem: string | null = $derived('problem' in this.#seeds ? this.#seeds.problem : null);
  readonly layoutProblem: string | null = $derived(
    this.#layout && 'problem' in this.#layout ? this.#layout.problem : null,
  );
  readonly sigmaProblem: string | null = $derived(
    this.sampler.sigmaMin >= this.sampler.sigmaMax
      ? `σ_min ${this.sampler.sigmaMin} must be smaller than σ_max ${this.sampler.sigmaMax}.`
      : null,
  );
  readonly layout: Layout | null = $derived(this.#layout && 'seeds' in this.#layout ? this.#layout : null);

  /** What is sent; null while something is missing or wrong. */
  readonly request: GenerateRequest | null = $derived.by(() => {
    if (!this.snapshot || !this.layout || this.sigmaProblem || this.badFields.length > 0) return null;
    const parsed = GenerateRequest.safeParse({
      model: { kind: 'snapshot', snapshotId: this.snapshot.id },
      ...this.layout,
      sampler: { ...this.sampler },
    });
    return parsed.success ? parsed.data : null;
  });

  get #choice(): ClassChoice | null {
    if (this.classes.length === 0) return null;
    switch (this.classMode) {
      case 'all':
        return { kind: 'rows', labels: this.classes.map((_, label) => label) };
      case 'some':
        return { kind: 'rows', labels: [...this.someLabels].sort((a, b) => a - b) };
      case 'one':
        return { kind: 'one', label: Math.min(this.oneLabel, this.classes.length - 1) };
      case 'drawn':
        return { kind: 'drawn' };
    }
  }

  /**
   * Takes a run as the one that draws, with its newest snapshot.
   *
   * @throws {AppError} 'not-found', 'unavailable'
   */
  async useRun(id: number): Promise<void> {
    const [run, { snapshots }] = await Promise.all([client.call(getRun, { id }), client.call(runSnapshots, { id })]);
    const other = this.run?.id !== id;
    this.run = run;
    this.snapshots = [...snapshots].sort((a, b) => b.nimg - a.nimg || a.emaStd - b.emaStd);
    if (other) {
      this.sampler = { ...run.config.grid.sampler };
      this.someLabels = [];
    }
    if (other || !this.snapshot) this.useMoment(this.moments[0] ?? null);
  }

  /** Takes a moment, and the average that the run's own grids use if it is stored there. */
  useMoment(nimg: number | null): void {
    this.nimg = nimg;
    const wanted =
      this.emaStd !== null && this.averages.includes(this.emaStd) ? this.emaStd : this.run?.config.grid.emaStd;
    this.emaStd = this.averages.find((std) => std === wanted) ?? this.averages[0] ?? null;
  }

  useSnapshot(id: number): void {
    const snapshot = this.snapshots?.find((candidate) => candidate.id === id);
    if (!snapshot) return;
    this.nimg = snapshot.nimg;
    this.emaStd = snapshot.emaStd;
  }

  /** Puts the settings of an earlier sheet into the form; its snapshot, too, if it is still there. */
  async useSample(sample: Sample): Promise<void> {
    if (this.run?.id !== sample.runId) await this.useRun(sample.runId);
    if (sample.snapshotId !== null) this.useSnapshot(sample.snapshotId);
    this.sampler = { ...sample.sampler };
    this.columns = null;
    const labels = [...new Set(sample.labels)];
    const first = labels[0] ?? null;
    const known = labels.filter((label) => label !== null);
    this.seedsText = writeList(labels.length > 1 ? distinctSeeds(sample.seeds) : sample.seeds);
    if (first === null) this.classMode = 'drawn';
    else if (known.length === 1) {
      this.classMode = 'one';
      this.oneLabel = first;
    } else if (known.length === this.classes.length) this.classMode = 'all';
    else {
      this.classMode = 'some';
      this.someLabels = known;
    }
    if (labels.length === 1) this.columns = sample.columns;
  }

  /** Notes whether a field of the sampler holds a usable number. */
  mark(field: string, error: string | null): void {
    this.badFields = [...this.badFields.filter((other) => other !== field), ...(error === null ? [] : [field])];
  }
}
