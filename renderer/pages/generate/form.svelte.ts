import type { ModelRef } from '../../../contract/models.ts';
import type { Precision } from '../../../contract/precision.ts';
import type { Run } from '../../../contract/runs.ts';
import { GenerateRequest, type Sample } from '../../../contract/samples.ts';
import { SamplerConfig } from '../../../contract/training.ts';
import { datasets } from '../../lib/state/datasets.svelte.ts';
import { ChurnForm } from './churn.svelte.ts';
import { GuidanceForm } from './guidance.svelte.ts';
import { ModelChoice } from './model-choice.svelte.ts';
import { distinctSeeds, readList, writeList } from './seeds.ts';
import { layOut, type ClassChoice, type Layout } from './sheet.ts';

/** How classes are spread: every class a row, some of them, one for all, or whatever each seed draws. */
export type ClassMode = 'all' | 'some' | 'one' | 'drawn';

/** What is to be generated: the fields of the form, what they mean and what is wrong with them. */
export class GenerateForm {
  /** The network that draws. */
  readonly main = new ModelChoice();
  readonly guidance = new GuidanceForm(this.main);

  seedsText = $state('0-7');
  classMode: ClassMode = $state('all');
  /** Label for all pictures, with mode 'one'. */
  oneLabel = $state(0);
  /** Labels of the rows, with mode 'some'. */
  someLabels: number[] = $state([]);
  /** Null: chosen by the layout. */
  columns: number | null = $state(null);
  sampler: Omit<SamplerConfig, 'churn'> = $state({ steps: 32, sigmaMin: 0.002, sigmaMax: 80, rho: 7 });
  readonly churn = new ChurnForm();
  precision: Precision = $state('fp32');
  /** Fields whose text is no number in range. */
  badFields: string[] = $state([]);

  readonly run: Run | null = $derived(this.main.run);
  /** Names of the classes that the network knows; empty: it knows none. */
  readonly classes: readonly string[] = $derived.by(() => {
    const count = this.run?.shape.labelDim ?? 0;
    const names = this.run ? (datasets.find(this.run.datasetId)?.classes ?? []) : [];
    return Array.from({ length: count }, (_, label) => names[label] ?? `class ${label}`);
  });
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
    const model = this.main.chosen?.model;
    if (!model || !this.guidance.ready || !this.layout || this.sigmaProblem || this.churn.problem) return null;
    if (this.badFields.length > 0) return null;
    const churn = this.churn.value;
    const parsed = GenerateRequest.safeParse({
      model,
      ...this.layout,
      sampler: { ...this.sampler, ...(churn === null ? {} : { churn }) },
      guidance: this.guidance.value,
      precision: this.precision,
    });
    return parsed.success ? parsed.data : null;
  });

  /** Why nothing can be generated, as a sentence; null: it can. */
  readonly why: string | null = $derived.by(() => {
    if (this.request !== null) return null;
    if (!this.main.chosen) return 'Choose a run with an average to draw with first';
    return this.guidance.ready ? 'Mend the fields that are marked first' : 'Choose the network that guides first';
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
   * Takes a run as the one that draws, with its newest average or the one that is named.
   *
   * @throws {AppError} 'not-found', 'unavailable'
   */
  async useRun(id: number, model: ModelRef | null = null): Promise<void> {
    const other = this.run?.id !== id;
    await this.main.useRun(id, model);
    if (!other || !this.run) return;
    this.#useSampler(this.run.config.grid.sampler);
    this.someLabels = [];
  }

  /** Looks again what averages a run has, if it is one of those chosen; null: what each of those has. */
  async refresh(runId: number | null): Promise<void> {
    for (const choice of [this.main, this.guidance.guide]) {
      const id = choice.run?.id;
      if (id !== undefined && (runId === null || id === runId)) await choice.useRun(id);
    }
  }

  #useSampler({ churn, ...sampler }: SamplerConfig): void {
    this.sampler = sampler;
    this.churn.use(churn);
    this.badFields = [];
  }

  /** Puts the settings of an earlier sheet into the form; its networks, too, if they are still there. */
  async useSample(sample: Sample): Promise<void> {
    await this.useRun(sample.runId, sample.model);
    await this.guidance.use(sample.guidance);
    this.#useSampler(sample.sampler);
    this.precision = sample.precision;
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
