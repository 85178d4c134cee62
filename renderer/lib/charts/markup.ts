import { escaped } from './figure-text.ts';

/** HTML that is known to be safe: only `html` and who draws make it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | null | false | Markup | readonly Part[];

/** HTML of a template: what is put in is text unless it is markup, so that no name can become an element. */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const of = (part: Part): string => {
    if (part === null || part === false) return '';
    if (part instanceof Markup) return part.text;
    return typeof part === 'object' ? part.map(of).join('') : escaped(String(part));
  };
  return new Markup(literals.map((literal, index) => literal + of(parts[index] ?? null)).join(''));
}
