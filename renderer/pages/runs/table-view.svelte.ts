import { untrack } from 'svelte';
import { runFieldNamed, type RunField, type TableRun } from '../../../contract/run-fields.ts';
import { inOrder, orderText, readOrder, type OrderBy } from '../../../contract/run-table.ts';
import type { Problem } from '../../../contract/run-terms.ts';
import { router, type RunsView } from '../../lib/router.svelte.ts';
import { readLeniently } from '../../lib/run/lenient-filter.ts';
import { runGroups } from '../../lib/run/run-groups.ts';
import { columnsNamed, type Column } from './columns.ts';

/** A line of the table: a run, or the head of those that have a value in common. */
export type Line =
  | { readonly kind: 'run'; readonly key: string; readonly run: TableRun }
  | {
      readonly kind: 'group';
      readonly key: string;
      readonly text: string;
      readonly count: number;
      readonly closed: boolean;
    };

/** Columns that were chosen last, where the address has none. */
const KEY = 'runs-columns';

/** How the table of runs is looked at: what the address says, and what was chosen before. */
export class TableView {
  /** What is typed. */
  filterText = $state('');
  #remembered = $state(localStorage.getItem(KEY) ?? '');
  #closed: ReadonlySet<string> = $state.raw(new Set());

  readonly #view: RunsView = $derived((router.route.page === 'runs' ? router.route.view : undefined) ?? {});
  readonly #read = $derived(readLeniently(this.filterText));
  readonly problem: Problem | null = $derived(this.#read.problem);
  readonly order: readonly OrderBy[] = $derived.by(() => {
    const read = readOrder(this.#view.sort ?? '');
    return 'order' in read ? read.order : [];
  });
  readonly group: RunField | null = $derived(runFieldNamed(this.#view.group ?? '') ?? null);
  /** null: nobody has chosen. */
  readonly columns: readonly Column[] | null = $derived.by(() => {
    const text = this.#view.columns ?? this.#remembered;
    return text === '' ? null : columnsNamed(text);
  });
  /** A filter, order or group goes by settings. */
  readonly needsConfigs: boolean = $derived(
    this.#read.filter.needsConfig || this.order.some(({ field }) => field.ofConfig) || this.group?.ofConfig === true,
  );
  /** The row that the address wants first in sight. */
  get firstRow(): number {
    return this.#view.row ?? 0;
  }

  constructor() {
    this.filterText = this.#view.filter ?? '';
  }

  /** Going back and forward changes the address without us. */
  followAddress(): void {
    const { filter = '' } = this.#view;
    untrack(() => {
      if (filter !== this.filterText.trim()) this.filterText = filter;
    });
  }

  fitting(runs: readonly TableRun[]): TableRun[] {
    const { matches } = this.#read.filter;
    return inOrder(runs.filter(matches), this.order);
  }

  lines(runs: readonly TableRun[]): Line[] {
    const { group } = this;
    if (group === null) return runs.map(lineOf);
    return runGroups(group, runs).flatMap(({ text, runs: part }): Line[] => {
      const key = `group ${text}`;
      const closed = this.#closed.has(key);
      return [{ kind: 'group', key, text, count: part.length, closed }, ...(closed ? [] : part.map(lineOf))];
    });
  }

  toggleGroup(key: string): void {
    const closed = new Set(this.#closed);
    if (!closed.delete(key)) closed.add(key);
    this.#closed = closed;
  }

  /** A click on a column's head: rising, falling, as usual; moments fall first. @param beside keeps the other columns */
  sortBy(field: RunField, beside: boolean): void {
    const now = this.order.find((one) => one.field === field);
    const first = field.kind === 'time';
    const next = now === undefined ? first : now.descending === first ? !first : null;
    const others = beside ? this.order.filter((one) => one.field !== field) : [];
    this.#change({ sort: orderText(next === null ? others : [...others, { field, descending: next }]), row: 0 });
  }

  groupBy(name: string): void {
    this.#closed = new Set();
    this.#change({ group: name, row: 0 });
  }

  /** @param text empty: as usual */
  chooseColumns(text: string): void {
    this.#remembered = text;
    localStorage.setItem(KEY, text);
    this.#change({ columns: text });
  }

  keepFilter(): void {
    this.#change({ filter: this.filterText.trim(), row: 0 });
  }

  keepRow(row: number): void {
    if (row !== this.firstRow) this.#change({ row });
  }

  #change(part: RunsView): void {
    const { route } = router;
    if (route.page !== 'runs') return;
    const view = Object.fromEntries(Object.entries({ ...route.view, ...part }).filter(([, value]) => Boolean(value)));
    router.go(
      { page: 'runs', trash: route.trash, ...(Object.keys(view).length > 0 ? { view } : {}) },
      { replace: true },
    );
  }
}

const lineOf = (run: TableRun): Line => ({ kind: 'run', key: `run ${run.id}`, run });
