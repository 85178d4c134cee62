import type { Finding } from '../../contract/findings.ts';
import { since, steadied } from '../../contract/lasting.ts';
import { images, number } from '../../contract/units.ts';
import { atFirst, finite, linesOf, now, short, type Course, type Line } from './course.ts';

/** Weights and activations that leave where they began: what the paper's Figure 3 is about. */

/** A weight has grown from this factor on. */
const WEIGHT_FACTOR = 1.5;
/** An activation has from this one on, and if it is also this large: 1 is what it is to be, and 2 to 3 is common in G. */
const ACTIVATION_FACTOR = 4;
/** How far weights that are forced may be from 1: r/(r + ε) is 0.9999, rounding included. */
const HELD = 0.01;

export function weightFindings(course: Course): Finding[] {
  const lines = linesOf(course.table('weight'));
  if (lines.length === 0) return [];
  if (course.config.network.switches.weightNorm === 'forced') return [held(lines)];
  const grown = growing(lines, (line, value) => value / atFirst(line) >= WEIGHT_FACTOR);
  if (grown === null) return [];
  return [
    {
      rule: 'weights-grow',
      tone: 'warn',
      text: `Weights grow: ${grownWords(grown, lines.length, 'layers')}`,
      reason: `A layer's root mean square stays at ${WEIGHT_FACTOR} times what it was at first or more, in medians of five moments.`,
      ...placeOf(grown),
      kind: 'weight',
    },
  ];
}

export function activationFindings(course: Course): Finding[] {
  const lines = linesOf(course.table('activation'));
  if (lines.length === 0) return [];
  const grown = growing(
    lines,
    (line, value) => value >= ACTIVATION_FACTOR && value / atFirst(line) >= ACTIVATION_FACTOR,
  );
  if (grown !== null) {
    return [
      {
        rule: 'activations-grow',
        tone: 'warn',
        text: `Activations grow: ${grownWords(grown, lines.length, 'blocks')}`,
        reason: `A block's root mean square stays at ${ACTIVATION_FACTOR} times what it was at first or more, and at ${ACTIVATION_FACTOR} or more, in medians of five moments.`,
        ...placeOf(grown),
        kind: 'activation',
      },
    ];
  }
  const values = lines.map(now);
  return [
    {
      rule: 'activations-steady',
      tone: 'good',
      text: `Activations of all ${lines.length} blocks lie between ${number(Math.min(...values))} and ${number(Math.max(...values))}, and none grows.`,
      reason: `No block's root mean square stays at ${ACTIVATION_FACTOR} times what it was at first, or more.`,
      kind: 'activation',
      row: null,
      nimg: null,
    },
  ];
}

function held(lines: readonly Line[]): Finding {
  const off = (line: Line): number => Math.max(...finite(line.values).map((value) => Math.abs(value - 1)));
  const worst = lines.reduce((a, b) => (off(b) > off(a) ? b : a));
  const reason = `Root mean squares are 1 after each step, within ${HELD}.`;
  if (off(worst) <= HELD) {
    return {
      rule: 'weights-held',
      tone: 'good',
      text: `Forced normalisation holds all ${lines.length} weights at 1.00.`,
      reason,
      kind: 'weight',
      row: null,
      nimg: null,
    };
  }
  return {
    rule: 'weights-held',
    tone: 'bad',
    text: `Forced normalisation does not hold ${short(worst.row)}: its weights are at ${number(now(worst))}.`,
    reason,
    kind: 'weight',
    row: worst.row,
    nimg: since(worst, (value) => Math.abs(value - 1) > HELD),
  };
}

/** Lines that left where they began and stay away. */
interface Grown {
  readonly count: number;
  /** That grew most, and by how much. */
  readonly most: { readonly line: Line; readonly factor: number };
  /** That left first, and when. */
  readonly first: { readonly line: Line; readonly nimg: number };
}

function growing(lines: readonly Line[], beyond: (line: Line, value: number) => boolean): Grown | null {
  const left = lines
    .filter((line) => atFirst(line) > 0 && beyond(line, now(line)))
    .flatMap((line) => {
      const nimg = since(steadied(line), (value) => beyond(line, value));
      return nimg === null ? [] : [{ line, nimg, factor: now(line) / atFirst(line) }];
    });
  if (left.length === 0) return null;
  return {
    count: left.length,
    most: left.reduce((a, b) => (b.factor > a.factor ? b : a)),
    first: left.reduce((a, b) => (b.nimg < a.nimg ? b : a)),
  };
}

function grownWords({ count, most, first }: Grown, all: number, what: string): string {
  const many = `${count} of ${all} ${what}, ${short(most.line.row)} most, ×${number(most.factor)} since it began.`;
  return `${many} ${short(first.line.row)} left first, at ${images(first.nimg)}.`;
}

const placeOf = ({ first }: Grown): { row: string; nimg: number } => ({ row: first.line.row, nimg: first.nimg });
