import { searchable } from '../../../contract/names.ts';
import type { RunSummary } from '../../../contract/runs.ts';
import { readNumber } from '../../../contract/number-text.ts';

/** What the filter box can ask about a number. */
const numbers: Record<string, (run: RunSummary) => number | null> = {
  loss: (run) => run.lastLoss,
  speed: (run) => run.imagesPerSecond,
  images: (run) => run.nimg,
  parameters: (run) => run.parameters,
};

/** What it can ask about words. */
const words: Record<string, (run: RunSummary) => readonly string[]> = {
  state: (run) => [run.state],
  tag: (run) => run.tags,
  data: (run) => [run.datasetName],
  dataset: (run) => [run.datasetName],
  preset: (run) => [run.preset ?? 'none'],
  name: (run) => [run.name],
};

/**
 * Whether a run fits what was typed: words separated by spaces, all of which must fit. `state:failed`, `tag:paper`,
 * `data:emoji`, `preset:demo` ask one thing, `loss<0.3` or `images>10k` a number, `-word` wants the opposite, and a
 * bare word is looked for in name, notes, tags, data and preset.
 */
export function matches(run: RunSummary, filter: string): boolean {
  return terms(filter).every((term) => {
    const opposite = term.length > 1 && term.startsWith('-');
    return fits(run, opposite ? term.slice(1) : term) !== opposite;
  });
}

function terms(filter: string): string[] {
  return (searchable(filter).match(/(?:[^\s"]|"[^"]*")+/g) ?? []).map((term) => term.replaceAll('"', ''));
}

function fits(run: RunSummary, term: string): boolean {
  const compare = /^(\w+)([<>])(.+)$/.exec(term);
  const number = compare ? numbers[compare[1]!] : undefined;
  const bound = compare ? readNumber(compare[3]!) : null;
  if (compare && number && bound !== null) {
    const value = number(run);
    return value !== null && (compare[2] === '<' ? value < bound : value > bound);
  }
  const colon = term.indexOf(':');
  const ask = colon > 0 ? words[term.slice(0, colon)] : undefined;
  if (ask) {
    const wanted = term.slice(colon + 1);
    return ask(run).some((word) => searchable(word).includes(wanted));
  }
  const everything = [run.name, run.notes, run.datasetName, run.preset ?? '', ...run.tags];
  return everything.some((text) => searchable(text).includes(term));
}
