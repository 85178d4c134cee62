import type { Sample } from '../../../contract/samples.ts';

/** What a picture of a sheet is: "seed 12, class Flags". */
export function pictureWords(sample: Sample, index: number, classes: readonly string[]): string {
  const seed = sample.seeds[index];
  const label = sample.labels[index] ?? null;
  const named = label === null ? '' : `, class ${classes[label] ?? label}`;
  return `seed ${seed ?? '?'}${named}`;
}

/** Address of a whole sheet, and of one picture of it. */
export function sheetAddress(sampleId: number): string {
  return `/files/samples/${sampleId}.png`;
}

export function pictureAddress(sampleId: number, index: number): string {
  return `/files/samples/${sampleId}/${index}.png`;
}
