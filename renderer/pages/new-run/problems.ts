import type * as z from 'zod';
import { sentence } from '../../../contract/sentence.ts';
import { plain } from './ranges.ts';

type Issue = z.core.$ZodIssue;

/** One finding of the schema in words that stand beside the field: "Must be more than 0." */
export function issueWords(issue: Issue): string {
  switch (issue.code) {
    case 'too_small': {
      const limit = plain(Number(issue.minimum));
      if (issue.origin === 'array') return `Give at least ${limit} ${limit === '1' ? 'value' : 'values'}.`;
      if (issue.origin === 'string') return 'This must not be empty.';
      return issue.inclusive === false ? `Must be more than ${limit}.` : `Must be at least ${limit}.`;
    }
    case 'too_big': {
      const limit = plain(Number(issue.maximum));
      if (issue.origin === 'array') return `Give at most ${limit} values.`;
      if (issue.origin === 'string') return `Must be at most ${limit} characters long.`;
      return issue.inclusive === false ? `Must be less than ${limit}.` : `Must be at most ${limit}.`;
    }
    case 'invalid_type':
      return issue.expected === 'int' ? 'Must be a whole number.' : 'Must be a number.';
    default:
      return sentence(issue.message);
  }
}

/**
 * Sorts the schema's findings by field. A finding inside a list belongs to the list and names which value it means.
 *
 * @param issues from `RunConfig.safeParse`
 * @param paths  of all fields, names joined by dots
 * @returns one sentence a field; findings that belong to no field under ''
 */
export function problemsByField(issues: readonly Issue[], paths: readonly string[]): Record<string, string> {
  const known = new Set(paths);
  const problems: Record<string, string> = {};
  for (const issue of issues) {
    const names = issue.path.map(String);
    const inList = typeof issue.path.at(-1) === 'number';
    const path = (inList ? names.slice(0, -1) : names).join('.');
    const words = issueWords(issue);
    const text = inList
      ? `Value ${Number(issue.path.at(-1)) + 1}: ${words.charAt(0).toLowerCase()}${words.slice(1)}`
      : words;
    problems[known.has(path) ? path : ''] ??= text;
  }
  return problems;
}
