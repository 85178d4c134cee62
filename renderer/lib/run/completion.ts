import { runFieldNamed, runFields, type RunField, type TableRun } from '../../../contract/run-fields.ts';
import { pieces, type Place } from '../../../contract/run-terms.ts';
import { searchable } from '../../../contract/names.ts';
import { fieldAt } from './config-fields.ts';

/** What may stand where one types in the filter of runs. */
export interface Completion extends Place {
  readonly options: readonly CompletionOption[];
}

export interface CompletionOption {
  /** What takes the place. */
  readonly text: string;
  readonly words: string;
}

const MOST = 8;

/** Offered before anything is typed. */
const first = ['state', 'rung', 'tag', 'dataset', 'training.learningRate', 'loss', 'progress', 'created'];

/**
 * @param caret where the caret stands in the text
 * @param runs  whose values are offered
 */
export function complete(text: string, caret: number, runs: readonly TableRun[]): Completion {
  const piece = pieces(text).find(({ from, to }) => from <= caret && caret <= to) ?? { from: caret, to: caret };
  const from = text[piece.from] === '-' ? piece.from + 1 : piece.from;
  const typed = text.slice(from, caret);
  const condition = /^([\p{L}_][\p{L}\d_.]*)(?:!=|<=|>=|[:=<>])(.*)$/u.exec(typed);
  if (condition === null) return { from, to: piece.to, options: typed.includes('"') ? [] : fieldsFor(typed) };
  const field = runFieldNamed(condition[1]!);
  const value = condition[2]!.slice(condition[2]!.lastIndexOf(',') + 1);
  return {
    from: caret - value.length,
    to: piece.to,
    options: field === undefined ? [] : valuesFor(field, value.replaceAll('"', ''), runs),
  };
}

function fieldsFor(typed: string): CompletionOption[] {
  const wanted = typed.toLowerCase();
  const ranked = (wanted === '' ? first.map((name) => runFieldNamed(name)!) : runFields()).flatMap((field) => {
    const names = [field.name, ...field.aliases];
    const called = shortest(names.filter((name) => name.toLowerCase().startsWith(wanted)));
    const within =
      called === undefined && names.concat(labelOf(field)).some((name) => name.toLowerCase().includes(wanted));
    if (called === undefined && !within) return [];
    const name = called ?? shortest(names)!;
    return [
      {
        text: `${name}${field.kind === 'number' || field.kind === 'time' ? '<' : ':'}`,
        words: labelOf(field),
        rank: within ? 1 : 0,
      },
    ];
  });
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MOST)
    .map(({ text, words }) => ({ text, words }));
}

function shortest(names: readonly string[]): string | undefined {
  return [...names].sort((a, b) => a.length - b.length)[0];
}

function labelOf(field: RunField): string {
  return fieldAt(field.name)?.label ?? field.words;
}

function valuesFor(field: RunField, typed: string, runs: readonly TableRun[]): CompletionOption[] {
  const wanted = searchable(typed);
  return known(field, runs)
    .filter((value) => {
      const text = searchable(value);
      return text !== wanted && (field.kind === 'text' ? text.includes(wanted) : text.startsWith(wanted));
    })
    .slice(0, MOST)
    .map((value) => ({ text: /[\s,"]/u.test(value) ? `"${value.replaceAll('"', '')}"` : value, words: '' }));
}

/** Values that a field has, or may have. */
function known(field: RunField, runs: readonly TableRun[]): string[] {
  if (field.choices !== null) return [...field.choices];
  if (field.kind === 'flag') return ['yes', 'no'];
  if (field.kind === 'time') return ['today', 'yesterday'];
  if (field.name === 'notes' || field.name === 'failure') return [];
  const values = [...new Set(runs.flatMap((run) => field.read(run) ?? []))];
  return values
    .sort((a, b) => (field.kind === 'number' ? Number(a) - Number(b) : String(a) < String(b) ? -1 : 1))
    .map(String);
}
