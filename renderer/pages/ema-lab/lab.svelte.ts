import { AppError } from '../../../contract/errors.ts';
import type { ModelRef } from '../../../contract/models.ts';
import type { Profile } from '../../../contract/post-hoc.ts';
import { recipesAt, reconstructionTimes, type Recipe } from '../../../contract/recipe.ts';
import { getRun, type Run, type Snapshot } from '../../../contract/runs.ts';
import { lastAt } from '../../lib/charts/series.ts';
import { client } from '../../lib/client/index.ts';
import { Clock } from '../../lib/run/clock.svelte.ts';
import { datasets } from '../../lib/state/datasets.svelte.ts';
import { requestOf, type PictureChoice, type PictureRequest } from './pictures.ts';

/** The lab's table: which run, which average at which moment, which pictures; and what follows from them. */
export class Lab {
  run: Run | null = $state.raw(null);
  snapshots: readonly Snapshot[] = $state.raw([]);
  sigmaRel = $state(0.1);

  count = $state(16);
  steps = $state(18);
  firstSeed = $state(0);
  /** Class of all pictures; null: spread over the classes. */
  label: number | null = $state(null);

  /** Moments that have snapshots, rising. */
  readonly moments: readonly number[] = $derived(reconstructionTimes(this.snapshots));
  /** The moment of training whose average is wanted. */
  readonly clock = new Clock(() => this.moments);
  /** 0 while there is no snapshot. */
  readonly nimg: number = $derived(this.moments[lastAt(this.moments, this.clock.now)] ?? this.moments[0] ?? 0);

  /** Averages that are stored up to the moment, by time and length. */
  readonly stored: readonly Snapshot[] = $derived(
    this.snapshots
      .filter(({ nimg }) => nimg > 0 && nimg <= this.nimg)
      .sort((a, b) => a.nimg - b.nimg || a.sigmaRel - b.sigmaRel),
  );
  readonly profiles: readonly Profile[] = $derived(this.stored.map(({ nimg, sigmaRel }) => ({ time: nimg, sigmaRel })));
  /** Lengths that are stored at the moment itself, shortest first. */
  readonly lengths: readonly number[] = $derived([
    ...new Set(this.stored.filter(({ nimg }) => nimg === this.nimg).map(({ sigmaRel }) => sigmaRel)),
  ]);

  /** What makes averages at the moment, or the sentence why none can be made. Slow; changes with the moment. */
  readonly #recipes: ((sigmaRel: number) => Recipe) | { problem: string } | null = $derived.by(() => {
    if (!this.run || this.nimg === 0) return null;
    const { name, config } = this.run;
    try {
      return recipesAt({ name, averaging: config.training.averaging, snapshots: this.stored }, this.nimg);
    } catch (error) {
      if (error instanceof AppError) return { problem: error.message };
      throw error;
    }
  });
  /** Why averages of other lengths can't be made here; null: they can. */
  readonly problem: string | null = $derived(
    this.#recipes !== null && 'problem' in this.#recipes ? this.#recipes.problem : null,
  );
  readonly recipe: Recipe | null = $derived(typeof this.#recipes === 'function' ? this.#recipes(this.sigmaRel) : null);

  /** The network: a stored one where the length is stored, else a recipe; null where there is none. */
  readonly model: ModelRef | null = $derived.by(() => {
    if (!this.run) return null;
    const stored = this.#storedAt(this.sigmaRel);
    if (stored) return { kind: 'snapshot', snapshotId: stored.id };
    if (!this.recipe) return null;
    return { kind: 'recipe', runId: this.run.id, nimg: this.nimg, sigmaRel: this.sigmaRel };
  });
  readonly classes: readonly string[] = $derived.by(() => {
    const names = this.run ? (datasets.find(this.run.datasetId)?.classes ?? []) : [];
    return Array.from({ length: this.run?.shape.labelDim ?? 0 }, (_, label) => names[label] ?? `class ${label}`);
  });
  /** What is to be drawn; null: nothing can be. */
  readonly request: PictureRequest | null = $derived(this.model ? this.requestFor(this.model) : null);

  /** The request that draws the chosen pictures with a network. */
  requestFor(model: ModelRef): PictureRequest {
    const sampler = { ...this.run!.config.grid.sampler, steps: this.steps };
    const choice: PictureChoice = { count: this.count, firstSeed: this.firstSeed, label: this.label, sampler };
    return requestOf(model, choice, this.classes.length);
  }

  /**
   * Takes a run, at its newest moment. The first one's grids say which length and how many steps to begin with; these
   * stay when another run is taken, so that runs can be compared.
   *
   * @throws {AppError} 'not-found', 'unavailable'
   */
  async useRun(id: number, snapshots: readonly Snapshot[]): Promise<void> {
    const run = await client.call(getRun, { id });
    this.clock.pause();
    this.clock.last();
    const first = this.run === null;
    this.snapshots = snapshots;
    this.run = run;
    this.label = null;
    if (first) {
      this.sigmaRel = run.config.grid.sigmaRel;
      this.steps = run.config.grid.sampler.steps;
    }
    if (this.problem !== null) this.sigmaRel = this.lengths[0] ?? this.sigmaRel;
  }

  #storedAt(sigmaRel: number): Snapshot | undefined {
    return this.stored.find((one) => one.nimg === this.nimg && one.sigmaRel === sigmaRel);
  }
}
