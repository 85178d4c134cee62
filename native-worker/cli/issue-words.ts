import type * as z from 'zod';

/**
 * The first thing that is wrong with a config, with its name and what it may be: one sentence is enough to go on.
 *
 * @param names what a value is called where it is asked for, by its path with dots
 */
export function firstIssue(error: z.ZodError, names: Readonly<Record<string, string>> = {}): string {
  const issue = error.issues[0]!;
  const path = issue.path.join('.');
  const name = names[path] ?? path;
  const words = inWords(issue);
  return name === '' ? `${words}.` : `${name} ${words}.`;
}

function inWords(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return limit(issue.inclusive === true ? 'at least' : 'more than', issue.minimum, issue.origin);
    case 'too_big':
      return limit(issue.inclusive === true ? 'at most' : 'less than', issue.maximum, issue.origin);
    case 'invalid_type':
      return `must be ${typeWords[issue.expected] ?? issue.expected}`;
    default:
      return `is not possible: ${issue.message}`;
  }
}

const typeWords: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  string: 'a text in quotes',
  array: 'a list, such as [1,2,2]',
};

function limit(relation: string, value: number | bigint, origin: string): string {
  // Limits such as 12^-1/2 need no sixteen digits; whole ones are said as they are.
  const figure = typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
  if (origin !== 'array') return `must be ${relation} ${figure}`;
  return `must have ${relation} ${figure} ${Number(figure) === 1 ? 'entry' : 'entries'}`;
}
