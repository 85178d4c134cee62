import type { ModelRef } from '../../../contract/models.ts';
import type { GenerateRequest, Sample } from '../../../contract/samples.ts';
import type { SamplerConfig } from '../../../contract/training.ts';

/** A request as it is sent: what it leaves open the contract fills in. */
export type PictureRequest = Pick<GenerateRequest, 'model' | 'seeds' | 'labels' | 'columns' | 'sampler' | 'origin'>;

/** What the lab's grid shows besides the network: chosen once, the same for every average. */
export interface PictureChoice {
  /** Pictures; a square number. */
  readonly count: number;
  readonly firstSeed: number;
  /** Class of all pictures; null: spread over the classes. */
  readonly label: number | null;
  readonly sampler: SamplerConfig;
}

/** Square grids to choose from. */
export const counts = [4, 9, 16, 25, 36, 64] as const;

/**
 * The class of each picture: a chosen one, else in turn, or evenly spread where there are more classes than pictures.
 *
 * @param classes how many classes the network knows; 0: none
 */
export function labelsOf(count: number, classes: number, label: number | null): (number | null)[] {
  return Array.from({ length: count }, (_, index) => {
    if (classes === 0) return null;
    if (label !== null) return Math.min(label, classes - 1);
    return classes > count ? Math.floor((index * classes) / count) : index % classes;
  });
}

/** What is sent to draw a choice of pictures with a network. */
export function requestOf(model: ModelRef, choice: PictureChoice, classes: number): PictureRequest {
  const { count, firstSeed, label, sampler } = choice;
  return {
    model,
    seeds: Array.from({ length: count }, (_, index) => firstSeed + index),
    labels: labelsOf(count, classes, label),
    columns: Math.ceil(Math.sqrt(count)),
    sampler: { ...sampler },
    origin: 'ema-lab',
  };
}

/** Two requests with the same key give the same pictures. How many go through the network at once is no part of it. */
export function keyOf({ model, seeds, labels, sampler }: Omit<PictureRequest, 'columns' | 'origin'>): string {
  const { steps, sigmaMin, sigmaMax, rho, churn } = sampler;
  return JSON.stringify([modelKey(model), seeds, labels, [steps, sigmaMin, sigmaMax, rho, churn ?? null]]);
}

/** The key of the request that a sheet was drawn for; null: the lab asks for none like it (guided, less precise). */
export function keyOfSample(sample: Sample): string | null {
  const { model, guidance, precision } = sample;
  return model === null || guidance !== null || precision !== 'fp32' ? null : keyOf({ ...sample, model });
}

function modelKey(model: ModelRef): unknown[] {
  switch (model.kind) {
    case 'snapshot':
      return [model.kind, model.snapshotId];
    case 'reconstruction':
      return [model.kind, model.reconstructionId];
    case 'recipe':
      return [model.kind, model.runId, model.nimg, model.sigmaRel];
    default:
      return model satisfies never;
  }
}
