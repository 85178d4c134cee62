import type { Finding } from '../../contract/findings.ts';
import { number } from '../../contract/units.ts';
import { finite, linesOf, now, short, type Course, type Line } from './course.ts';

/** Numbers at the end of their range. */

/** The largest number of IEEE half precision. */
const HALF = 65_504;
/** Single values of a feature are often this many times its root mean square. */
const PEAKS = 10;
/** A share of clipped values that is worth a word. */
const CLIPPED = 1e-3;
/** Of the newest gradients: one in so many that is not finite is what loss scaling is for. */
const TRIED = 0.1;

export function rangeFindings(course: Course): Finding[] {
  return [...clipped(course), ...half(course), ...gradients(course)];
}

function clipped(course: Course): Finding[] {
  const most = highest(linesOf(course.table('clipped')));
  if (most === null || now(most) < CLIPPED) return [];
  return [
    {
      rule: 'clipped',
      tone: 'warn',
      text: `${number(now(most) * 100)} % of what ${short(most.row)} gives is clipped to ±${String(course.config.network.clipAct)}.`,
      reason: `${CLIPPED * 100} % of a block's output or more stands at the limit, by the last moments.`,
      kind: 'clipped',
      row: most.row,
      nimg: null,
    },
  ];
}

function half(course: Course): Finding[] {
  if (course.config.training.precision !== 'fp16') return [];
  const most = highest(linesOf(course.table('activation-max')));
  if (most === null || now(most) * PEAKS < HALF) return [];
  return [
    {
      rule: 'half-range',
      tone: 'bad',
      text: `Activations of ${short(most.row)} come near the largest number of half precision: a feature's root mean square is ${number(now(most))}, and ${HALF} is the end.`,
      reason: `The largest root mean square of a feature is a ${PEAKS}th of ${HALF} or more, by the last moments.`,
      kind: 'activation-max',
      row: most.row,
      nimg: null,
    },
  ];
}

function gradients(course: Course): Finding[] {
  const lines = linesOf(course.table('non-finite'));
  const shares = lines.map(({ values }) => finite(values).filter((value) => value > 0).length / finite(values).length);
  const most = shares.indexOf(Math.max(...shares));
  if (most < 0 || shares[most]! <= TRIED) return [];
  const line = lines[most]!;
  return [
    {
      rule: 'gradients-not-finite',
      tone: 'bad',
      text: `Gradients of ${short(line.row)} are not finite in ${Math.round(shares[most]! * 100)} % of the ticks.`,
      reason: `Some number of a layer's gradient is NaN or infinite in more than ${TRIED * 100} % of the ticks.`,
      kind: 'non-finite',
      row: line.row,
      nimg: null,
    },
  ];
}

function highest(lines: readonly Line[]): Line | null {
  return lines.length === 0 ? null : lines.reduce((a, b) => (now(b) > now(a) ? b : a));
}
