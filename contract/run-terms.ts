/** How a filter of runs falls into conditions: words joined by spaces, with what is in quotation marks kept together. */

/** A place in a text: from its first UTF-16 unit to behind its last. */
export interface Place {
  readonly from: number;
  readonly to: number;
}

export const operators = [':', '=', '!=', '<', '<=', '>', '>='] as const;
export type Operator = (typeof operators)[number];

/** A condition as it was typed. */
export interface Term extends Place {
  /** It is to be false: `-` or `not` stands before it. */
  readonly negated: boolean;
  /** What is asked about; null: a bare word. */
  readonly field: (Place & { readonly text: string }) | null;
  readonly operator: Operator | null;
  /** Without quotation marks. */
  readonly value: Place & { readonly text: string; readonly quoted: boolean };
}

/** What is wrong with a text, and where. */
export interface Problem extends Place {
  /** A sentence or two: what is wrong, and what to type instead. */
  readonly message: string;
}

/** One of these groups must hold; in a group all conditions. */
export type Terms = { readonly groups: readonly (readonly Term[])[] } | { readonly problem: Problem };

const SPACE = /\s/u;
const CONDITION = /^(?<field>[\p{L}_][\p{L}\d_.]*)(?<operator>!=|<=|>=|≠|≤|≥|[:=<>])/u;
const LONE_OPERATOR = /^(?:!=|<=|>=|≠|≤|≥|[:=<>])/u;
const written: Readonly<Record<string, Operator>> = { '≠': '!=', '≤': '<=', '≥': '>=' };

export function termsOf(text: string): Terms {
  const groups: Term[][] = [[]];
  /** Where the `not` stands that waits for its condition. */
  let not: Place | null = null;
  let lastOr: Place | null = null;
  for (const piece of pieces(text)) {
    const raw = text.slice(piece.from, piece.to);
    if ((raw.split('"').length - 1) % 2 === 1) {
      const from = piece.from + raw.lastIndexOf('"');
      return problem({ from, to: piece.to }, 'The quotation mark isn’t closed; type another " behind it.');
    }
    const word = raw.toLowerCase();
    if (word === 'and' && not === null) continue;
    if (word === 'or' && not === null) {
      if (groups.at(-1)!.length === 0) return orAlone(piece);
      groups.push([]);
      lastOr = piece;
    } else if (word === 'not' && not === null) {
      not = piece;
    } else {
      const term = termOf(raw, piece, not !== null);
      if ('problem' in term) return term;
      groups.at(-1)!.push(term);
      not = null;
    }
  }
  if (not !== null) return problem(not, 'A condition follows “not”, as in not state:failed.');
  if (lastOr !== null && groups.at(-1)!.length === 0) return orAlone(lastOr);
  return { groups: groups[0]!.length === 0 ? [] : groups };
}

/** What stands between spaces that are in no quotation marks. */
export function pieces(text: string): Place[] {
  const found: Place[] = [];
  let from = -1;
  let quoted = false;
  for (let at = 0; at <= text.length; at++) {
    const letter = text[at];
    if (letter === undefined || (SPACE.test(letter) && !quoted)) {
      if (from >= 0) found.push({ from, to: at });
      from = -1;
    } else {
      if (from < 0) from = at;
      if (letter === '"') quoted = !quoted;
    }
  }
  return found;
}

function termOf(raw: string, { from, to }: Place, not: boolean): Term | { problem: Problem } {
  const minus = raw.length > 1 && raw.startsWith('-');
  const begin = minus ? from + 1 : from;
  const body = minus ? raw.slice(1) : raw;
  if (LONE_OPERATOR.test(body))
    return problem({ from, to }, `“${body}” has no field before it. Write it without spaces, as in lr<0.005.`);
  const match = CONDITION.exec(body);
  const fieldText = match?.groups?.field;
  const sign = match?.groups?.operator;
  const valueFrom = begin + (match?.[0].length ?? 0);
  const value = body.slice(valueFrom - begin);
  return {
    from,
    to,
    negated: minus !== not,
    field: fieldText === undefined ? null : { text: fieldText, from: begin, to: begin + fieldText.length },
    operator: sign === undefined ? null : (written[sign] ?? (sign as Operator)),
    value: { text: value.replaceAll('"', ''), quoted: value.includes('"'), from: valueFrom, to },
  };
}

function orAlone(place: Place): Terms {
  return problem(place, '“or” stands between two conditions. To look for the word, write "or".');
}

function problem(place: Place, message: string): { problem: Problem } {
  return { problem: { from: place.from, to: place.to, message } };
}
