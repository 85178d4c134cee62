import { csvTable } from '../../../contract/csv.ts';
import type { Band, Series } from './series.ts';

/** Curves as a table: one column of x for all, empty where a curve has no value there. A mean has its band beside it. */
export function toCsv(xTitle: string, series: readonly Series[]): string {
  const xs = [...new Set(series.flatMap((curve) => curve.xs))].sort((a, b) => a - b);
  const written = series.flatMap(({ label, ys, band, xs }) => [
    { label, ys, xs },
    ...(band === undefined ? [] : bandColumns(band).map(([name, ys]) => ({ label: `${label}: ${name}`, ys, xs }))),
  ]);
  const columns = written.map((curve) => new Map(curve.xs.map((x, index) => [x, curve.ys[index] ?? null])));
  return csvTable([
    [xTitle, ...written.map(({ label }) => label)],
    ...xs.map((x) => [x, ...columns.map((column) => column.get(x) ?? null)]),
  ]);
}

function bandColumns({ kind, low, high, runs }: Band): [name: string, ys: readonly (number | null)[]][] {
  const isRange = kind === 'range';
  return [
    [isRange ? 'smallest' : 'less a standard deviation', low],
    [isRange ? 'largest' : 'and a standard deviation', high],
    ['runs', runs],
  ];
}

/** Hands a file to the user as a download. */
export function download(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  downloadFrom(address, name);
  // The download has begun by then; until then the address must live.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** The same with what lies at an address of ours. */
export function downloadFrom(address: string, name: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
}

/** A name for a file from a title: lower case, words joined by dashes. */
export function fileName(title: string, ending: string): string {
  const bare = title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}.]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return `${bare === '' ? 'chart' : bare}.${ending}`;
}
