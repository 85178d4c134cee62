import type { BenchResult, Speed } from '../../../native-worker/cli/bench/measure.ts';
import { spread } from '../../../native-worker/cli/bench/report.ts';
import { table, threeDigits } from '../../../native-worker/cli/words.ts';
import { laterStart, MEMORY_AT_MOST, START_AT_MOST, type Compared, type Peaks } from './comparisons.ts';
import { bytes } from '../../../contract/units.ts';

/** A line of the table of targets. */
export interface Row {
  readonly what: string;
  readonly ours: string;
  readonly theirs: string;
  readonly ratio: string;
  readonly target: string;
  /** null: nothing is asked of it, or it could not be measured. */
  readonly met: boolean | null;
}

export function comparedRow({ comparison, ours, theirs, ratio, range }: Compared): Row {
  return {
    what: comparison.name,
    ours: spread(ours),
    theirs: spread(theirs),
    ratio: `${threeDigits(ratio)} (${threeDigits(range[0])}–${threeDigits(range[1])})`,
    target: `≥ ${comparison.atLeast.toFixed(1)}`,
    met: ratio >= comparison.atLeast,
  };
}

export function missingRow(what: string, atLeast: number, why: string): Row {
  return { what, ours: '–', theirs: why, ratio: '–', target: `≥ ${atLeast.toFixed(1)}`, met: null };
}

/** Memory in training at float32 is what the target is about. */
export function peakRow({ task, precision, ours, theirs }: Peaks): Row {
  const what = `peak memory, ${task === 'train' ? 'training' : 'sampling'} ${precision} ÷ official`;
  const counts = task === 'train' && precision === 'fp32';
  const ratio = theirs === null ? null : ours / theirs;
  return {
    what,
    ours: bytes(ours),
    theirs: theirs === null ? 'this system does not tell' : bytes(theirs),
    ratio: ratio === null ? '–' : threeDigits(ratio),
    target: counts ? `≤ ${MEMORY_AT_MOST.toFixed(1)}` : '',
    met: counts && ratio !== null ? ratio <= MEMORY_AT_MOST : null,
  };
}

export function startRow(starts: { readonly first: number; readonly later: readonly number[] }): Row {
  const seconds = laterStart(starts);
  return {
    what: 'start of a second run to its first step',
    ours: `${threeDigits(seconds)} s (${starts.later.map(threeDigits).join(', ')}; before: ${threeDigits(starts.first)})`,
    theirs: '',
    ratio: '',
    target: `≤ ${START_AT_MOST} s`,
    met: seconds <= START_AT_MOST,
  };
}

const headings = ['', 'ours', 'official PyTorch', 'ratio', 'target', ''];

const cells = ({ what, ours, theirs, ratio, target, met }: Row): string[] => [
  what,
  ours,
  theirs,
  ratio,
  target,
  met === null ? '' : met ? 'met' : 'not met',
];

export function plainTable(rows: readonly Row[]): string {
  return table(headings, rows.map(cells));
}

export function markdownTable(rows: readonly Row[]): string {
  return markdown(headings, rows.map(cells));
}

export function markdown(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (parts: readonly string[]): string => `| ${parts.join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n');
}

/** What a network takes beside its convolutions alone. */
export interface Bound {
  readonly precision: string;
  readonly result: BenchResult;
}

export function boundsTable(bounds: readonly Bound[]): string {
  const row = (name: string, { time, convolutions, share, gflopPerSecond }: Speed): string[] => [
    name,
    spread(time),
    spread(convolutions),
    `${Math.round(100 * share)} %`,
    threeDigits(gflopPerSecond),
  ];
  const rows = bounds.flatMap(({ precision, result: { train, sample, steps } }) => [
    row(`training step ${precision}`, train),
    row(`sampling ${precision}, ${steps} steps`, sample),
  ]);
  return markdown(['', 'time', 'convolutions alone', 'share', 'GFLOP/s'], rows);
}
