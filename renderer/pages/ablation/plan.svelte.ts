import {
  ablationTag,
  checkNetworks,
  configAt,
  freeTag,
  pointsOf,
  readAxis,
  runNameAt,
  type Axis,
  type Point,
} from '../../../contract/ablation.ts';
import { expectSpeed } from '../../../contract/app.ts';
import { shapeFor } from '../../../contract/data-shape.ts';
import type { Dataset } from '../../../contract/datasets.ts';
import { AppError } from '../../../contract/errors.ts';
import { rungNames, type RungName } from '../../../contract/ladder.ts';
import { presets, type Preset } from '../../../contract/presets.ts';
import { createRun } from '../../../contract/runs.ts';
import type { RunConfig } from '../../../contract/training.ts';
import { client } from '../../lib/client/index.ts';
import { runs } from '../../lib/state/runs.svelte.ts';

/** A run that is to be made. */
export interface PlannedRun {
  readonly point: Point;
  readonly config: RunConfig;
}

/** An ablation that is put together: what differs, and the runs that come of it. */
export class AblationPlan {
  dataset: Dataset | null = $state.raw(null);
  preset: Preset = $state.raw(presets[0]!);
  /** Images of each run; null: as many as the preset has. */
  durationImages: number | null = $state(null);
  rungs: readonly RungName[] = $state.raw(rungNames);
  seeds = $state(1);
  /** Other axes as they are typed, a line each: "lr=0.005,0.01". */
  others = $state('');
  /** As it is typed; empty: of data and preset. */
  name = $state('');
  /** Seconds of all runs together, as far as earlier ones tell; null: not known. */
  seconds: number | null = $state(null);

  readonly tag: string = $derived.by(() => {
    const wanted = this.name.trim() === '' ? `${this.dataset?.name ?? ''} ${this.preset.name}` : this.name;
    return freeTag(ablationTag(wanted), runs.all ?? []);
  });

  /** The runs, or why there can't be any. */
  readonly result: { readonly runs: readonly PlannedRun[] } | { readonly problem: string } = $derived.by(() => {
    try {
      const points = pointsOf(this.#axes());
      const planned = points.map((point) => ({ point, config: configAt(this.preset.config, this.#common(), point) }));
      if (this.dataset !== null) checkNetworks(this.dataset, planned);
      return { runs: planned };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { problem: error.message };
    }
  });
  readonly runs: readonly PlannedRun[] = $derived('runs' in this.result ? this.result.runs : []);
  readonly images: number = $derived(this.runs.reduce((sum, { config }) => sum + config.training.durationImages, 0));

  choose(rung: RungName, wanted: boolean): void {
    this.rungs = rungNames.filter((one) => (one === rung ? wanted : this.rungs.includes(one)));
  }

  /** Asks how long runs take; what is chosen meanwhile is another question. */
  async askSeconds(asked: readonly PlannedRun[], dataset: Dataset | null): Promise<void> {
    const seconds = dataset === null ? null : await secondsOf(asked, dataset);
    if (this.runs === asked) this.seconds = seconds;
  }

  /**
   * Queues the runs.
   *
   * @returns the tag of them
   * @throws {AppError} if one is refused; those before it are queued, and the error says how many
   */
  async queue(): Promise<string> {
    const { tag, dataset, runs: planned } = this;
    for (const [index, { point, config }] of planned.entries()) {
      try {
        await client.call(createRun, { name: runNameAt(tag, point), datasetId: dataset!.id, config, tags: [tag] });
      } catch (error) {
        if (!(error instanceof AppError) || index === 0) throw error;
        throw new AppError(
          error.code,
          `${index} of ${planned.length} runs are queued. The next is refused: ${error.message}`,
        );
      }
    }
    return tag;
  }

  #axes(): Axis[] {
    const lines = this.others.split('\n').filter((line) => line.trim() !== '');
    if (this.rungs.length === 0) throw new AppError('invalid-input', 'Choose a configuration, A to G.');
    return [
      readAxis(`rung=${this.rungs.join(',')}`),
      ...lines.map((line) => readAxis(line.trim())),
      ...(this.seeds > 1 ? [readAxis(`seed=0..${this.seeds - 1}`)] : []),
    ];
  }

  #common(): Record<string, unknown> {
    return this.durationImages === null ? {} : { 'training.durationImages': this.durationImages };
  }
}

/** Seconds of all runs together; null: no earlier run tells, of one of them at least. */
async function secondsOf(asked: readonly PlannedRun[], dataset: Dataset): Promise<number | null> {
  const known = new Map<string, number | null>();
  let all = 0;
  for (const { config } of asked) {
    const { batchSize, microBatch, precision, durationImages } = config.training;
    const training = { batchSize, microBatch, precision };
    const question = { network: config.network, shape: shapeFor(dataset, config), training };
    const key = JSON.stringify(question);
    if (!known.has(key)) known.set(key, (await client.call(expectSpeed, question)).imagesPerSecond);
    const speed = known.get(key) ?? null;
    if (speed === null) return null;
    all += durationImages / speed;
  }
  return asked.length === 0 ? null : all;
}
