import { dynamicsKinds, type DynamicsKind } from '../../../contract/dynamics.ts';
import type { DynamicsTable } from '../../../contract/dynamics-table.ts';
import type { Run } from '../../../contract/runs.ts';
import type { Sample } from '../../../contract/samples.ts';
import { measuredScalars, tickScalars, type TickColumns } from '../../../contract/ticks.ts';
import type { Moment, Shown } from './event-file.ts';

/** What is written at most; more is thinned. */
export const MOST = { ticks: 20_000, moments: 2000, grids: 2000 } as const;

/** What a run has recorded. */
export interface Recorded {
  readonly run: Pick<Run, 'startedAt' | 'createdAt'>;
  readonly ticks: TickColumns;
  readonly tables: readonly DynamicsTable[];
  readonly grids: readonly { readonly sample: Sample; readonly png: () => Uint8Array }[];
}

/** Kinds with few rows, which are told unless all are wanted. */
export const fewRows = (Object.keys(dynamicsKinds) as DynamicsKind[]).filter((kind) =>
  ['bucket', 'validation'].includes(dynamicsKinds[kind].of),
);

/**
 * What TensorBoard is shown: scalars under "run/", kinds of dynamics under their own names, grids under "samples". What was
 * not recorded is left out. The time of a moment is when the run began and how long it has trained, pauses left out.
 */
export function momentsOf({ run, ticks, tables, grids }: Recorded): Moment[] {
  const shown = new Map<number, Shown[]>();
  const show = (step: number, one: Shown): void => {
    const all = shown.get(step);
    if (all) all.push(one);
    else shown.set(step, [one]);
  };
  const number = (step: number, tag: string, value: number | null | undefined): void => {
    if (value !== null && value !== undefined) show(step, { tag, value });
  };
  for (const [at, nimg] of ticks.nimg.entries()) {
    for (const name of measuredScalars) number(nimg, `run/${name}`, ticks[name][at]);
  }
  for (const { kind, layers, nimg, values } of tables) {
    for (const [row, name] of layers.entries()) {
      for (const [at, step] of nimg.entries()) number(step, `${kind}/${name}`, values[row]![at]);
    }
  }
  for (const { sample, png } of grids) {
    const { resolution, columns, seeds, nimg } = sample;
    const size = { width: columns * resolution, height: Math.ceil(seeds.length / columns) * resolution };
    show(nimg, { tag: 'samples', png, ...size });
  }
  const begins = (run.startedAt ?? run.createdAt) / 1000;
  return [...shown.entries()]
    .sort(([a], [b]) => a - b)
    .map(([step, all]) => ({ step, wallTime: begins + secondsAt(ticks, step), shown: all }));
}

/** Seconds of training at the last tick that is not after a moment. */
function secondsAt({ nimg, trainSeconds }: TickColumns, moment: number): number {
  let [low, high] = [0, nimg.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (nimg[middle]! <= moment) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : trainSeconds[low - 1]!;
}

/** What a tag means, for the file that lies beside the events. */
export function tagWords(kinds: readonly DynamicsKind[]): string {
  return [
    'Steps are training images.',
    ...measuredScalars.map((name) => `run/${name}: ${tickScalars[name].words}`),
    ...kinds.map((kind) => `${kind}/…: ${dynamicsKinds[kind].words}`),
    '',
  ].join('\n');
}
