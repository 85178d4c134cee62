import { dynamicsKinds, type DynamicsKind } from '../../../contract/dynamics.ts';
import type { DynamicsTable } from '../../../contract/dynamics-table.ts';
import { images } from '../../../contract/units.ts';
import { table, threeDigits } from '../words.ts';

/** How a number of a layer or block changed between a run's first and last tick that have it. */
export interface Change {
  readonly kind: DynamicsKind;
  readonly row: string;
  readonly nimg: readonly [number, number];
  readonly value: readonly [number, number];
}

/** The changes of one kind, but of noise levels, whose numbers are those of few images. */
export function changesOf({ kind, layers, nimg, values }: DynamicsTable): Change[] {
  if (dynamicsKinds[kind].of === 'noise level') return [];
  return layers.flatMap((row, index) => {
    const line = values[index]!;
    const first = line.findIndex((value) => value !== null);
    const last = line.findLastIndex((value) => value !== null);
    if (first < 0 || last === first) return [];
    return [{ kind, row, nimg: [nimg[first]!, nimg[last]!], value: [line[first]!, line[last]!] }];
  });
}

/** How far a change is from none, by factors: to double is as far as to halve. From or to 0: nothing is farther. */
function distance({ value: [first, last] }: Change): number {
  if (first === last) return 0;
  const factor = Math.abs(Math.log(Math.abs(last / first)));
  return Number.isNaN(factor) ? Infinity : factor;
}

/** Each kind in a line: the mean over its rows, first and last, and which of them changed most. */
export function kindTable(changes: readonly Change[]): string {
  const kinds = [...new Set(changes.map(({ kind }) => kind))];
  const rows = kinds.map((kind) => {
    const all = changes.filter((change) => change.kind === kind);
    const mean = (moment: 0 | 1): number => all.reduce((sum, { value }) => sum + value[moment], 0) / all.length;
    const most = sorted(all)[0]!;
    return [kind, threeDigits(mean(0)), threeDigits(mean(1)), most.row, factor(most)];
  });
  return table(['kind', 'first mean', 'last mean', 'changed most', ''], rows, [1, 2, 4]);
}

/** Those that changed most, as a table. @param count how many */
export function changeTable(changes: readonly Change[], count: number): string {
  const rows = sorted(changes)
    .slice(0, count)
    .map((change) => {
      const { kind, row, nimg, value } = change;
      return [
        row,
        kind,
        images(nimg[0]),
        threeDigits(value[0]),
        images(nimg[1]),
        threeDigits(value[1]),
        factor(change),
      ];
    });
  return table(['changed most', 'kind', 'from', '', 'to', '', 'change'], rows, [2, 3, 4, 5, 6]);
}

/** Those that changed most first. */
function sorted(changes: readonly Change[]): Change[] {
  return [...changes].sort((a, b) => distance(b) - distance(a));
}

function factor({ value: [first, last] }: Change): string {
  if (first === last) return '× 1.00';
  return first === 0 ? '–' : `× ${threeDigits(last / first)}`;
}

/** The newest moment by noise level, bins without pictures left out; null: nothing is recorded of any. */
export function noiseTable(tables: readonly DynamicsTable[]): string | null {
  const noise = tables.filter(({ kind }) => dynamicsKinds[kind].of === 'noise level');
  if (noise.length === 0) return null;
  const [{ layers, nimg }] = noise as [DynamicsTable, ...DynamicsTable[]];
  const rows = layers.flatMap((level, row) => {
    const newest = noise.map(({ values }) => values[row]!.at(-1) ?? null);
    if (newest.every((value) => value === null || value === 0)) return [];
    return [[level, ...newest.map((value) => (value === null ? '–' : threeDigits(value)))]];
  });
  const headings = ['σ', ...noise.map(({ kind }) => kind.replace('noise-', ''))];
  const right = headings.map((_, column) => column);
  return `By noise level at ${images(nimg.at(-1)!)}:\n${table(headings, rows, right)}`;
}
