import type { Sample } from '../../../contract/samples.ts';

/** What a picture of a sheet is: "seed 12, class Flags". */
export function pictureWords(sample: Sample, index: number, classes: readonly string[]): string {
  const seed = sample.seeds[index];
  const label = sample.labels[index] ?? null;
  const named = label === null ? '' : `, class ${classes[label] ?? label}`;
  return `seed ${seed ?? '?'}${named}`;
}

/** Names of the classes of a sheet's rows, where each row is one class; null: rows are no classes. */
export function rowClasses({ labels, columns }: Sample, classes: readonly string[]): string[] | null {
  const rows = Array.from({ length: Math.ceil(labels.length / columns) }, (_, row) =>
    labels.slice(row * columns, (row + 1) * columns),
  );
  const uniform = rows.every((row) => row[0] != null && row.every((label) => label === row[0]));
  return uniform && rows.length > 1 ? rows.map((row) => classes[row[0]!] ?? `class ${row[0]!}`) : null;
}

/** Address of a whole sheet, and of one picture of it. */
export function sheetAddress(sampleId: number): string {
  return `/files/samples/${sampleId}.png`;
}

export function pictureAddress(sampleId: number, index: number): string {
  return `/files/samples/${sampleId}/${index}.png`;
}
