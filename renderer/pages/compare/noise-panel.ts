import type { DynamicsTable } from '../../../contract/dynamics-table.ts';
import type { Run } from '../../../contract/runs.ts';
import { nearest, type Series } from '../../lib/charts/series.ts';
import { images, number } from '../../lib/format.ts';
import { densityCurve, sigmas, steadiedColumn } from '../../lib/run/noise-curves.ts';
import { runMark } from '../../lib/run-colors.ts';

/** What a run recorded by noise level; undefined: not read yet. */
export interface ByNoise {
  readonly run: Run;
  readonly counts: DynamicsTable | undefined;
  readonly errors: DynamicsTable | undefined;
}

export interface NoiseCurves {
  /** The weighted error over σ, a curve a run. */
  readonly curves: readonly Series[];
  /** Runs that had ended before the moment, with the last that they recorded, training images. */
  readonly ended: readonly { readonly name: string; readonly nimg: number }[];
  /** Names of runs that did not record it. */
  readonly unrecorded: readonly string[];
}

/** Error over σ at a moment, each point from as many images as `steadied` takes. @param moment training images */
export function noiseCurves(runs: readonly ByNoise[], moment: number): NoiseCurves {
  const curves: Series[] = [];
  const ended: { name: string; nimg: number }[] = [];
  const unrecorded: string[] = [];
  for (const { run, counts, errors } of runs) {
    if (counts === undefined || errors === undefined) continue;
    const column = nearest(counts.nimg, moment);
    if (column < 0 || errors.nimg.length === 0) {
      unrecorded.push(run.name);
      continue;
    }
    const ys = steadiedColumn(errors, counts, column);
    curves.push({ id: String(run.id), label: run.name, ...runMark(run.id), xs: sigmas, ys });
    const last = counts.nimg.at(-1)!;
    if (moment > last + run.config.logging.tickImages) ended.push({ name: run.name, nimg: last });
  }
  return { curves, ended, unrecorded };
}

/** Of all runs, and of none. */
const OF_ALL = { token: '--line-strong', dash: [] };

/** The densities that the runs draw their noise from, each once, in the colour of the first run that has it unless all have. */
export function densities(runs: readonly Run[]): Series[] {
  const found = new Map<string, Run[]>();
  for (const run of runs) {
    const { pMean, pStd } = run.config.training;
    const words = `P_mean ${number(pMean)}, P_std ${number(pStd)}`;
    found.set(words, [...(found.get(words) ?? []), run]);
  }
  return [...found].map(([words, of]) => {
    const names = of
      .slice(0, 2)
      .map(({ name }) => name)
      .join(', ');
    const first = of[0]!;
    const { pMean, pStd } = first.config.training;
    if (found.size === 1) return densityCurve({ pMean, pStd }, { id: words, label: words, ...OF_ALL });
    const label = `${words}: ${names}${of.length > 2 ? ` and ${of.length - 2} more` : ''}`;
    return densityCurve({ pMean, pStd }, { id: words, label, ...runMark(first.id) });
  });
}

/** Which runs had ended, in a sentence; '' where none had. */
export function endedWords(ended: NoiseCurves['ended']): string {
  if (ended.length === 0) return '';
  return `Ended before, and drawn at their last: ${ended.map(({ name, nimg }) => `${name} at ${images(nimg)}`).join(', ')}.`;
}
