import { readRunFilter, type RunFilter } from '../../../contract/run-filter.ts';
import { pieces, type Problem } from '../../../contract/run-terms.ts';

/** Reads a filter that may be in the middle of being typed: conditions that make no sense are left out, and the first is told. */
export function readLeniently(text: string): { filter: RunFilter; problem: Problem | null } {
  const read = readRunFilter(text);
  if ('filter' in read) return { filter: read.filter, problem: null };
  const { problem } = read;
  const { from, to } = pieces(text).find((piece) => piece.from <= problem.from && problem.from < piece.to) ?? problem;
  return { filter: readLeniently(text.slice(0, from) + ' '.repeat(to - from) + text.slice(to)).filter, problem };
}
