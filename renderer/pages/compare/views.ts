import type { View } from '../../../contract/views.ts';
import { compareAddress, toComparison, type Comparison } from '../../lib/compare-address.ts';

/** What a saved view shows of what is still there. */
export function comparisonOf({ runs, look }: View): Comparison {
  return { ...toComparison(new URLSearchParams(look)), runs: runs.filter(({ gone }) => !gone).map(({ id }) => id) };
}

/** What a view keeps of a comparison beside its runs: its address behind `?`. */
export function lookOf(comparison: Comparison): string {
  return compareAddress({ ...comparison, runs: [] }).split('?')[1] ?? '';
}

/** Names of its runs that are gone. */
export function goneOf({ runs }: View): string[] {
  return runs.filter(({ gone }) => gone).map(({ name }) => name);
}

/** "3 runs", "2 of 3 runs". */
export function runsWords(view: View): string {
  const [all, gone] = [view.runs.length, goneOf(view).length];
  const words = `${all} ${all === 1 ? 'run' : 'runs'}`;
  return gone === 0 ? words : `${all - gone} of ${words}`;
}

/** What is said of a view that is not shown whole; null: it is. */
export function missingWords(view: View): string | null {
  const gone = goneOf(view);
  if (gone.length === 0) return null;
  const names = gone.map((name) => `“${name}”`).join(', ');
  return gone.length === view.runs.length
    ? `All runs of the view “${view.name}” are gone: ${names}.`
    : `The view “${view.name}” is shown without what is gone: ${names}.`;
}
