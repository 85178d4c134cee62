import { searchable } from './names.ts';
import { noNumber, readNumber } from './number-text.ts';
import { runFieldNamed, runFields, type FieldValue, type RunField, type TableRun } from './run-fields.ts';
import { termsOf, type Operator, type Problem, type Term } from './run-terms.ts';

/**
 * The filter of tables of runs, on the page and in `edm2 runs list --filter`: conditions joined by spaces, all of which must hold.
 *
 * `field:value` asks whether a text has the value in it, a choice begins with it, and anything else is it; `=` and `!=`
 * want the whole value, `<`, `<=`, `>` and `>=` compare. Several values are separated by commas, and one of them is
 * enough; `none` is what is not there. `-` or `not` before a condition wants its opposite, `or` between conditions one side or the other.
 * A bare word is looked for in name, notes, tags, data and preset. docs/cli.md has it all, with examples.
 */

export interface RunFilter {
  readonly matches: (run: TableRun) => boolean;
  /** It asks for settings, so that configurations must be known. */
  readonly needsConfig: boolean;
}

export type ReadFilter = { readonly filter: RunFilter } | { readonly problem: Problem };

type Test = (run: TableRun) => boolean;

/** @param now what "today" and "yesterday" go by */
export function readRunFilter(text: string, now = new Date()): ReadFilter {
  const terms = termsOf(text);
  if ('problem' in terms) return terms;
  let needsConfig = false;
  const groups: Test[][] = [];
  for (const group of terms.groups) {
    const tests: Test[] = [];
    for (const term of group) {
      const read = term.field === null ? bare(term) : condition(term, now);
      if ('problem' in read) return read;
      needsConfig ||= read.ofConfig;
      tests.push(term.negated ? (run) => !read.test(run) : read.test);
    }
    groups.push(tests);
  }
  const matches = (run: TableRun): boolean =>
    groups.length === 0 || groups.some((all) => all.every((test) => test(run)));
  return { filter: { matches, needsConfig } };
}

type ReadTerm = { readonly test: Test; readonly ofConfig: boolean } | { readonly problem: Problem };

function bare({ value }: Term): ReadTerm {
  const wanted = searchable(value.text);
  const test = (run: TableRun): boolean =>
    [run.name, run.notes, run.datasetName, run.preset ?? '', ...run.tags].some((text) =>
      searchable(text).includes(wanted),
    );
  return { test, ofConfig: false };
}

function condition(term: Term, now: Date): ReadTerm {
  const operator = term.operator!;
  const field = runFieldNamed(term.field!.text);
  if (field === undefined)
    return fail(term.field!, unknownField(term.field!.text, 'To look for the text, put it in quotation marks.'));
  if (term.value.text === '') return fail(term, `A value follows “${term.field!.text}${operator}”. ${wantedOf(field)}`);
  const compares = operator !== ':' && operator !== '=' && operator !== '!=';
  if (compares && (field.kind === 'text' || field.kind === 'flag')) {
    return fail(term, `“${field.name}” has no order; ask with ${field.name}:${term.value.text} instead.`);
  }
  const values = valuesOf(term, field);
  if (compares && values.length > 1) return fail(term.value, `“${operator}” compares with one value.`);
  const tests: ((value: FieldValue | null) => boolean)[] = [];
  for (const { text, from, to } of values) {
    const test = testOf(field, operator, text, now);
    if (typeof test === 'string') return fail({ from, to }, test);
    tests.push(test);
  }
  const some = (run: TableRun): boolean => {
    const read = field.read(run);
    const all = Array.isArray(read) ? (read as readonly FieldValue[]) : [read as FieldValue | null];
    return (all.length === 0 ? [null] : all).some((value) => tests.some((test) => test(value)));
  };
  return { test: operator === '!=' ? (run) => !some(run) : some, ofConfig: field.ofConfig };
}

/** The values of a term; a number may have commas between its thousands. */
function valuesOf({ value }: Term, field: RunField): { text: string; from: number; to: number }[] {
  const { text, from, to } = value;
  const whole = value.quoted || (field.kind === 'number' && readNumber(text) !== null);
  if (whole || !text.includes(',')) return [{ text, from, to }];
  let at = from;
  return text.split(',').map((part) => {
    const place = { text: part, from: at, to: at + part.length };
    at += part.length + 1;
    return place;
  });
}

/** Whether one value of a run fits; a sentence: the text is no value of the field. `!=` is the opposite of `=`. */
function testOf(
  field: RunField,
  operator: Operator,
  text: string,
  now: Date,
): ((value: FieldValue | null) => boolean) | string {
  if (searchable(text) === 'none' && (operator === ':' || operator === '=' || operator === '!='))
    return (value) => value === null;
  switch (field.kind) {
    case 'text': {
      const wanted = searchable(text);
      return operator === ':'
        ? (value) => value !== null && searchable(String(value)).includes(wanted)
        : (value) => value !== null && searchable(String(value)) === wanted;
    }
    case 'choice':
      return choiceTest(field, operator, text);
    case 'flag': {
      const wanted = { yes: true, true: true, no: false, false: false }[text.toLowerCase()];
      return wanted === undefined ? `“${text}” is neither yes nor no.` : (value) => value === wanted;
    }
    case 'number': {
      const wanted = numberOf(field, text);
      return typeof wanted === 'string' ? wanted : spanTest(operator, wanted, wanted);
    }
    case 'time': {
      const span = timeOf(text, now);
      return typeof span === 'string' ? span : spanTest(operator, ...span);
    }
  }
}

function choiceTest(
  field: RunField,
  operator: Operator,
  text: string,
): ((value: FieldValue | null) => boolean) | string {
  const choices = field.choices!.map((choice) => choice.toLowerCase());
  const wanted = text.toLowerCase();
  const begins = choices.filter((choice) => choice.startsWith(wanted));
  if (begins.length === 0 || (operator !== ':' && !choices.includes(wanted)))
    return `“${text}” is no ${field.name}. ${wantedOf(field)}`;
  const at = (value: FieldValue): number => choices.indexOf(String(value).toLowerCase());
  if (operator === ':') return (value) => value !== null && begins.includes(choices[at(value)] ?? '');
  const place = choices.indexOf(wanted);
  const compare = spanTest(operator, place, place);
  return (value) => value !== null && compare(at(value));
}

/** @param from smallest number that is meant, and `to` the largest: a day is a span of times */
function spanTest(operator: Operator, from: number, to: number): (value: FieldValue | null) => boolean {
  const fits: Record<Operator, (value: number) => boolean> = {
    ':': (value) => value >= from && value <= to,
    '=': (value) => value >= from && value <= to,
    '!=': (value) => value >= from && value <= to,
    '<': (value) => value < from,
    '<=': (value) => value <= to,
    '>': (value) => value > to,
    '>=': (value) => value >= from,
  };
  return (value) => typeof value === 'number' && fits[operator](value);
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400 };

function numberOf(field: RunField, text: string): number | string {
  if (field.unit === 'share') {
    const value = readNumber(text.replace(/%$/, ''));
    if (value === null) return noNumber(text);
    return text.endsWith('%') ? value / 100 : value > 1 ? `Write ${text}% for a progress of ${text} percent.` : value;
  }
  const unit = field.unit === 'seconds' ? /(?<=[\d.])(?:s|min|h|d)$/.exec(text)?.[0] : undefined;
  const value = readNumber(unit === undefined ? text : text.slice(0, -unit.length));
  return value === null ? noNumber(text) : value * (unit === undefined ? 1 : SECONDS[unit]!);
}

const DAY = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:T(\d{1,2}):(\d{2}))?$/;

/** A day or minute of the local calendar as its first and last millisecond. */
function timeOf(text: string, now: Date): [from: number, to: number] | string {
  const day = (year: number, month: number, date: number): [number, number] => [
    new Date(year, month, date).getTime(),
    new Date(year, month, date + 1).getTime() - 1,
  ];
  const ago = { today: 0, yesterday: 1 }[text.toLowerCase()];
  if (ago !== undefined) return day(now.getFullYear(), now.getMonth(), now.getDate() - ago);
  const match = DAY.exec(text);
  const [year = NaN, month = NaN, date = NaN, hour = NaN, minute = NaN] = (match ?? []).slice(1).map(Number);
  if (!(month >= 1 && month <= 12 && date >= 1 && date <= 31))
    return `“${text}” is no day. Write it as 2026-11-29, with T14:30 for a time, or today or yesterday.`;
  if (Number.isNaN(hour)) return day(year, month - 1, date);
  const at = new Date(year, month - 1, date, hour, minute).getTime();
  return [at, at + 59_999];
}

/** What may be asked of a field, as a sentence. */
function wantedOf(field: RunField): string {
  switch (field.kind) {
    case 'choice':
      return `There are ${field.choices!.join(', ')}.`;
    case 'flag':
      return 'It is yes or no.';
    case 'number':
      return field.unit === 'share'
        ? 'It is a number of percent, such as 50%.'
        : 'It is a number, such as 0.01 or 10k.';
    case 'time':
      return 'It is a day, such as 2026-11-29, today or yesterday.';
    case 'text':
      return 'It is a word, or several in quotation marks.';
  }
}

/** Why a name is no field's, with the one that was probably meant. @param otherwise what to do where none is like it */
export function unknownField(text: string, otherwise = 'All are named by `edm2 runs list --fields`.'): string {
  const wanted = text.toLowerCase();
  const names = runFields().flatMap(({ name, aliases }) => [name, ...aliases]);
  const near = names
    .map((name) => ({ name, away: distance(wanted, name.toLowerCase()) }))
    .filter(({ name, away }) => away <= Math.max(1, Math.floor(name.length / 4)))
    .sort((a, b) => a.away - b.away)[0];
  const meant = near?.name ?? names.find((name) => wanted.length > 1 && name.toLowerCase().includes(wanted));
  const advice = meant === undefined ? otherwise : `Did you mean “${meant}”?`;
  return `There is no field “${text}”. ${advice}`;
}

/** How many letters must be changed, added or left out to make one word of another (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

function fail({ from, to }: { from: number; to: number }, message: string): { problem: Problem } {
  return { problem: { from, to, message } };
}
