import * as z from 'zod';
import { KeptDraft } from './draft.svelte.ts';

/** What was entered into the New run form, kept in this browser until the run is started or the form begun anew. */

const KEY = 'edm2-new-runs';

/** Most that are kept: one for a run from scratch, and those for runs like another. */
const MOST = 8;

const Kept = z.object({
  /** The run whose settings the form started from: its id and name, for another library has other runs. */
  from: z.object({ id: z.int(), name: z.string() }).nullable(),
  dataset: z.object({ id: z.int(), name: z.string() }).nullable(),
  /** Whether the user has named the run. */
  named: z.boolean(),
  draft: KeptDraft,
});
export type Kept = z.infer<typeof Kept>;

type From = Kept['from'];

/** @param from null: a run from scratch @returns undefined: nothing is kept */
export function keptDraft(from: From): Kept | undefined {
  return all().find((kept) => isOf(kept, from));
}

export function keepDraft(kept: Kept): void {
  write([kept, ...all().filter((other) => !isOf(other, kept.from))].slice(0, MOST));
}

export function forgetDraft(from: From): void {
  write(all().filter((kept) => !isOf(kept, from)));
}

function isOf(kept: Kept, from: From): boolean {
  return kept.from?.id === from?.id && kept.from?.name === from?.name;
}

/** What can't be read is of another version and forgotten. */
function all(): Kept[] {
  const stored = localStorage.getItem(KEY);
  if (stored === null) return [];
  try {
    const read = z.array(Kept).safeParse(JSON.parse(stored));
    return read.success ? read.data : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

function write(kept: readonly Kept[]): void {
  localStorage.setItem(KEY, JSON.stringify(kept));
}
