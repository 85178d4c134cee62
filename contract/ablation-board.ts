import { rungDifferences } from './beyond-rungs.ts';
import type { DynamicsTable } from './dynamics-table.ts';
import { runFields, type FieldValue, type RunField, type TableRun } from './run-fields.ts';
import { validationRows } from './validation.ts';

/** What an ablation comes to: a row for each setting that was tried, its seeds taken together, as the paper's Table 1 has it. */

/** A run with what it recorded. */
export interface BoardRun {
  readonly run: TableRun;
  /** Kind `validation`; without moments where it was not validated. */
  readonly validation: DynamicsTable;
  readonly weight: DynamicsTable;
  readonly activation: DynamicsTable;
}

/** Mean over seeds, and their standard deviation where there are several. */
export interface Spread {
  readonly mean: number;
  readonly deviation: number | null;
}

export interface BoardRow {
  /** What sets it apart: "C", "G, Learning rate 0.005". */
  readonly label: string;
  readonly runs: readonly BoardRun[];
  /** Validation error of the average that draws, at the board's moment; null: none of them has one. */
  readonly error: Spread | null;
  /** Mean over layers or blocks at the newest tick, as a multiple of that at the first. */
  readonly weightGrowth: Spread | null;
  readonly activationGrowth: Spread | null;
  readonly imagesPerSecond: Spread | null;
}

export interface Board {
  /** Training images at which errors are compared: the newest validation that all runs with any have; null: there is none. */
  readonly nimg: number | null;
  /** In the order in which their first runs were made. */
  readonly rows: readonly BoardRow[];
}

/** @param runs of one ablation */
export function boardOf(runs: readonly BoardRun[]): Board {
  const sorted = [...runs].sort((a, b) => a.run.id - b.run.id);
  const nimg = commonMoment(sorted);
  const groups = new Map<string, BoardRun[]>();
  for (const run of sorted) {
    const key = JSON.stringify(fieldsOfRow().map((field) => field.read(run.run)));
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const named = namedFields(sorted.map(({ run }) => run));
  const rows = [...groups.values()].map((group): BoardRow => {
    return {
      label: labelOf(group[0]!.run, named),
      runs: group,
      error: spread(group.map((run) => errorAt(run, nimg))),
      weightGrowth: spread(group.map(({ weight }) => growth(weight))),
      activationGrowth: spread(group.map(({ activation }) => growth(activation))),
      imagesPerSecond: spread(group.map(({ run }) => run.imagesPerSecond)),
    };
  });
  return { nimg, rows };
}

const SEED = 'training.seed';

/** What makes a row: the pictures, and every setting but the seed. */
function fieldsOfRow(): readonly RunField[] {
  return runFields().filter(({ name, ofConfig }) => name === 'dataset' || (ofConfig && name !== SEED));
}

/** The fields that tell the rows apart; what follows from the rung is not named beside it. */
function namedFields(runs: readonly TableRun[]): RunField[] {
  const differs = (field: RunField): boolean => new Set(runs.map((run) => JSON.stringify(field.read(run)))).size > 1;
  const all = fieldsOfRow().filter(differs);
  const apart = rungDifferences(runs.flatMap(({ config }) => config ?? []));
  if (apart === null) return all;
  const rung = all.filter(({ name }) => name === 'rung');
  return [...rung, ...all.filter(({ name }) => name === 'dataset' || apart.beyond.has(name))];
}

function labelOf(run: TableRun, fields: readonly RunField[]): string {
  const words = (value: FieldValue | readonly FieldValue[] | null): string =>
    value === null ? 'none' : Array.isArray(value) ? value.join(', ') : String(value);
  const parts = fields.map((field) => {
    const value = words(field.read(run));
    return field.name === 'rung' ? value : `${field.title} ${value}`;
  });
  return parts.length === 0 ? run.name : parts.join(', ');
}

function commonMoment(runs: readonly BoardRun[]): number | null {
  const moments = runs.map(({ validation }) => validation.nimg).filter(({ length }) => length > 0);
  const [first, ...others] = moments;
  return [...(first ?? [])].reverse().find((nimg) => others.every((other) => other.includes(nimg))) ?? null;
}

function errorAt({ run, validation }: BoardRun, nimg: number | null): number | null {
  const sigmaRel = run.config?.grid.sigmaRel;
  if (nimg === null || sigmaRel === undefined) return null;
  const row = validationRows([sigmaRel]).find((one) => one.sigmaRel !== null && one.pictures === 'held out')!;
  return validation.values[validation.layers.indexOf(row.name)]?.[validation.nimg.indexOf(nimg)] ?? null;
}

/** Mean over the rows at the last moment over that at the first; null: there are no two. */
function growth({ nimg, values }: DynamicsTable): number | null {
  if (nimg.length < 2) return null;
  const mean = (at: number): number | null => {
    const numbers = values.map((line) => line[at] ?? null);
    return numbers.some((value) => value === null)
      ? null
      : numbers.reduce<number>((sum, value) => sum + value!, 0) / numbers.length;
  };
  const [first, last] = [mean(0), mean(nimg.length - 1)];
  return first === null || last === null || first === 0 ? null : last / first;
}

function spread(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: known.length < 2 ? null : Math.sqrt(squares / (known.length - 1)) };
}
