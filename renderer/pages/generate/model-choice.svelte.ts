import { sameModel } from '../../../contract/guidance.ts';
import type { ModelRef } from '../../../contract/models.ts';
import { listReconstructions, type Reconstruction } from '../../../contract/reconstructions.ts';
import { getRun, runSnapshots, type Run, type Snapshot } from '../../../contract/runs.ts';
import { client } from '../../lib/client/index.ts';
import { number } from '../../lib/format.ts';

/** An average that can be chosen at a moment of a run. */
export interface AverageOption {
  /** Names it among those of its moment. */
  readonly value: string;
  readonly label: string;
  readonly sigmaRel: number;
  readonly nimg: number;
  readonly model: ModelRef;
}

/** Which average of which run: what was chosen, and what there is to choose from. */
export class ModelChoice {
  /** null: none chosen or not loaded yet. */
  run: Run | null = $state.raw(null);
  nimg: number | null = $state(null);
  /** `value` of the chosen average. */
  average: string | null = $state(null);
  /** All averages of the run, newest first, of a moment the shortest first; null until they are known. */
  all: readonly AverageOption[] | null = $state.raw(null);

  /** Moments that have averages, newest first. */
  readonly moments: readonly number[] = $derived([...new Set((this.all ?? []).map(({ nimg }) => nimg))]);
  /** Averages of the chosen moment. */
  readonly averages: readonly AverageOption[] = $derived((this.all ?? []).filter(({ nimg }) => nimg === this.nimg));
  readonly chosen: AverageOption | null = $derived(this.averages.find(({ value }) => value === this.average) ?? null);

  /**
   * Takes a run with its newest average; or its averages as they are now, if it is chosen already.
   *
   * @param model the average to take, if the run has it
   * @throws {AppError} 'not-found', 'unavailable'
   */
  async useRun(id: number, model: ModelRef | null = null): Promise<void> {
    const [run, { snapshots }, kept] = await Promise.all([
      client.call(getRun, { id }),
      client.call(runSnapshots, { id }),
      client.call(listReconstructions, { runId: id }),
    ]);
    const other = this.run?.id !== id;
    // One that is not kept is in no list of the service.
    const joined = other ? [] : (this.all ?? []).filter(({ model: { kind } }) => kind === 'recipe');
    this.run = run;
    this.all = [...joined, ...snapshots.map(fromSnapshot), ...kept.map(fromReconstruction)].sort(byMoment);
    if (other || !this.chosen) this.useMoment(this.moments[0] ?? null);
    if (model !== null) this.#useModel(model);
  }

  /** Takes a moment; of its averages the one that is chosen now, or else as long as that of the run's own grids. */
  useMoment(nimg: number | null): void {
    this.nimg = nimg;
    const same = this.averages.find(({ value }) => value === this.average);
    const grids = this.averages.find(({ sigmaRel }) => sigmaRel === this.run?.config.grid.sigmaRel);
    this.average = (same ?? grids ?? this.averages[0])?.value ?? null;
  }

  /** Takes an average, if the run has it. One that was reconstructed without being kept joins those to choose from. */
  #useModel(model: ModelRef): void {
    let found = this.all?.find((option) => sameModel(option.model, model));
    if (!found && model.kind === 'recipe' && model.runId === this.run?.id) {
      found = fromRecipe(model);
      this.all = [...(this.all ?? []), found].sort(byMoment);
    }
    if (!found) return;
    this.nimg = found.nimg;
    this.average = found.value;
  }
}

const fromSnapshot = ({ id, nimg, sigmaRel }: Snapshot): AverageOption => ({
  value: String(sigmaRel),
  label: number(sigmaRel, 6),
  sigmaRel,
  nimg,
  model: { kind: 'snapshot', snapshotId: id },
});

const fromReconstruction = ({ id, name, nimg, sigmaRel }: Reconstruction): AverageOption => ({
  value: `kept ${id}`,
  label: `${number(sigmaRel, 6)}, kept: ${name}`,
  sigmaRel,
  nimg,
  model: { kind: 'reconstruction', reconstructionId: id },
});

const fromRecipe = (model: Extract<ModelRef, { kind: 'recipe' }>): AverageOption => ({
  value: `recipe ${model.sigmaRel}`,
  label: `${number(model.sigmaRel, 6)}, reconstructed`,
  sigmaRel: model.sigmaRel,
  nimg: model.nimg,
  model,
});

function byMoment(a: AverageOption, b: AverageOption): number {
  return b.nimg - a.nimg || a.sigmaRel - b.sigmaRel;
}
