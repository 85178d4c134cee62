import { runFieldNamed, type RunField, type TableRun } from '../../../contract/run-fields.ts';
import { cellText, inOrder } from '../../../contract/run-table.ts';
import { NOTHING } from '../../../contract/units.ts';
import { when } from '../format.ts';

/** Fields by which runs are grouped usually, as they are offered. */
export const usualGroups: readonly RunField[] = [
  'state',
  'rung',
  'dataset',
  'preset',
  'tag',
  'lr',
  'batch',
  'seed',
  'precision',
  'created',
].map((name) => runFieldNamed(name)!);

/** Runs that have a value of a field in common. */
export interface RunGroup<Run extends TableRun = TableRun> {
  /** The value as words, alone. */
  readonly text: string;
  /** The value with the field's name, as it stands beside others: "Rung C", "Without tags". */
  readonly label: string;
  readonly runs: readonly Run[];
}

/** Runs parted by a field, in its order; within a group they stay in theirs. */
export function runGroups<Run extends TableRun>(field: RunField, runs: readonly Run[]): RunGroup<Run>[] {
  const groups = new Map<string, Run[]>();
  for (const run of inOrder(runs, [{ field, descending: false }])) {
    const text = groupText(field, run);
    const group = groups.get(text);
    if (group === undefined) groups.set(text, [run]);
    else group.push(run);
  }
  return [...groups].map(([text, part]) => ({
    text,
    label: text === NOTHING ? `Without ${field.title.toLowerCase()}` : `${field.title} ${text}`,
    runs: part,
  }));
}

/** What a group of runs has in common; moments are grouped by day. */
export function groupText(field: RunField, run: TableRun): string {
  return cellText(field, run, dayOf);
}

function dayOf(at: number): string {
  return when(at)
    .replace(/^\d\d:\d\d$/, 'today')
    .replace(/ \d\d:\d\d$/, '');
}
