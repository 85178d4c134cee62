import { runFieldNamed, type RunField } from '../../../contract/run-fields.ts';
import { readColumns } from '../../../contract/run-table.ts';
import { fieldAt } from '../../lib/run/config-fields.ts';
import type { TermId } from '../../lib/words/terms.ts';

/** A column of the table of runs: a field, or the newest grid's pictures. */
export interface Column {
  /** As an address says it. */
  readonly name: string;
  readonly title: string;
  readonly term: TermId | null;
  /** null: the pictures. */
  readonly field: RunField | null;
  /** In rem. */
  readonly width: number;
}

const GRID: Column = { name: 'grid', title: 'Newest grid', term: null, field: null, width: 9.25 };

/** What is not as wide as its kind is. */
const widths: Readonly<Record<string, number>> = {
  name: 12,
  state: 6,
  rung: 3.75,
  progress: 8.5,
  parameters: 4.5,
  loss: 5,
  error: 5,
  notes: 14,
  failure: 14,
  created: 7,
  started: 7,
  ended: 7,
  id: 3.5,
  'training.learningRate': 5,
  'training.batchSize': 4.5,
  'training.seed': 4.5,
};

const titles: Readonly<Record<string, string>> = { 'training.learningRate': 'Rate', 'training.batchSize': 'Batch' };

const explained: Readonly<Record<string, { readonly term: TermId }>> = {
  loss: { term: 'loss' },
  parameters: { term: 'size' },
};

export function columnOf(field: RunField): Column {
  const { name, kind } = field;
  return {
    name,
    title: titles[name] ?? fieldAt(name)?.label ?? field.title,
    term: explained[name]?.term ?? null,
    field,
    width: widths[name] ?? (kind === 'number' ? 6 : 8),
  };
}

/** Those of an address, the name first; what it says wrong is left out. */
export function columnsNamed(text: string): Column[] {
  const named = text.split(',').flatMap((name): Column[] => {
    if (name === GRID.name) return [GRID];
    const read = readColumns(name);
    return 'columns' in read ? read.columns.map(columnOf) : [];
  });
  return nameFirst(named);
}

export function nameFirst(columns: readonly Column[]): Column[] {
  const name = columnOf(runFieldNamed('name')!);
  return [name, ...columns.filter((column) => column.name !== 'name')];
}

/** What is shown as long as nobody has chosen. */
const usual =
  'name,state,rung,dataset,training.learningRate,training.batchSize,parameters,progress,loss,speed,grid,created';
/** What goes first where there is no room for all. */
const givesWay = [
  'parameters',
  'dataset',
  'training.batchSize',
  'created',
  'training.learningRate',
  'speed',
  'grid',
  'rung',
];

/** @param room for the columns, in rem */
export function usualColumns(room: number): Column[] {
  let columns = columnsNamed(usual);
  for (const name of givesWay) {
    if (widthOf(columns) <= room) break;
    columns = columns.filter((column) => column.name !== name);
  }
  return columns;
}

/** Of all together, in rem. */
export function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width, 0);
}

/** Every column there is, in the order in which they are offered. */
export const extraColumns: readonly Column[] = [GRID];

/** The address of columns; empty: nobody has chosen. */
export function columnsText(columns: readonly Column[]): string {
  return columns.map(({ name }) => name).join(',');
}
