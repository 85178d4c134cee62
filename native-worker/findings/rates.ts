import type { Finding } from '../../contract/findings.ts';
import { median } from '../../contract/median.ts';
import { number } from '../../contract/units.ts';
import { atFirst, finite, linesOf, now, short, some, type Course, type Line } from './course.ts';

/** Effective learning rates: by what part of itself each weight changes in a step. */

/** They lie apart from this factor on. */
const APART = 10;
/** They are alike up to this one. */
const ALIKE = 3;
/** A layer that changes by this part of what the middle one does, or less, does not learn. */
const IDLE = 1e-3;
/** A gain that never was farther from where it began than this is stuck. */
const STUCK = 1e-3;
/** What it must have been given for that: moments. */
const GAIN_MOMENTS = 20;

export function rateFindings(course: Course): Finding[] {
  const lines = linesOf(course.table('relative-update'));
  if (lines.length < 2) return [];
  const usual = median(lines.map(now));
  if (usual === 0) return []; // the rate is 0: nothing learns, and is not meant to
  const idle = lines.filter((line) => now(line) <= IDLE * usual);
  return [...spread(lines.filter((line) => !idle.includes(line))), ...idleLayers(idle)];
}

export function gainFindings(course: Course): Finding[] {
  const gains = linesOf(course.table('gain')).filter(({ values }) => finite(values).length >= GAIN_MOMENTS);
  const stuck = gains.filter((gain) => {
    const began = atFirst(gain);
    return finite(gain.values).every((value) => Math.abs(value - began) < STUCK);
  });
  if (stuck.length === 0) return [];
  return [
    {
      rule: 'idle-gains',
      tone: 'warn',
      text: `${stuck.length} of ${gains.length} learned gains ${stuck.length === 1 ? 'stays' : 'stay'} where ${stuck.length === 1 ? 'it' : 'they'} began: ${some(stuck.map(({ row }) => row))}.`,
      reason: `A gain was never ${STUCK} or more from where it began, in ${GAIN_MOMENTS} moments or more.`,
      kind: 'gain',
      row: stuck[0]!.row,
      nimg: null,
    },
  ];
}

function spread(lines: readonly Line[]): Finding[] {
  if (lines.length < 2) return [];
  const fastest = lines.reduce((a, b) => (now(b) > now(a) ? b : a));
  const slowest = lines.reduce((a, b) => (now(b) < now(a) ? b : a));
  const factor = now(fastest) / now(slowest);
  if (factor >= APART) {
    return [
      {
        rule: 'rates-apart',
        tone: 'warn',
        text: `Effective learning rates lie ×${number(factor)} apart: ${short(fastest.row)} at ${number(now(fastest))}, ${short(slowest.row)} at ${number(now(slowest))}.`,
        reason: `The largest relative update of the last moments is ${APART} times the smallest or more.`,
        kind: 'relative-update',
        row: slowest.row,
        nimg: null,
      },
    ];
  }
  if (factor > ALIKE) return [];
  return [
    {
      rule: 'rates-alike',
      tone: 'good',
      text: `All ${lines.length} layers learn at like rates: their effective learning rates lie within ×${number(factor)}.`,
      reason: `The largest relative update of the last moments is at most ${ALIKE} times the smallest.`,
      kind: 'relative-update',
      row: null,
      nimg: null,
    },
  ];
}

function idleLayers(idle: readonly Line[]): Finding[] {
  if (idle.length === 0) return [];
  return [
    {
      rule: 'idle-layers',
      tone: 'warn',
      text: `${idle.length} ${idle.length === 1 ? 'layer does' : 'layers do'} not learn: ${some(idle.map(({ row }) => row))}.`,
      reason: `A layer's relative update of the last moments is at most ${IDLE} of what the middle layer has.`,
      kind: 'relative-update',
      row: idle[0]!.row,
      nimg: null,
    },
  ];
}
