import type { TickColumns, TickScalarName } from '../../../contract/ticks.ts';

/**
 * What a chart of the loss draws. The loss may be negative, which a logarithmic axis can't show: the error without the
 * learned weight takes its place there, if any of the runs recorded it.
 */
export function lossFor(logarithmic: boolean, runs: readonly TickColumns[]): TickScalarName {
  const recorded = runs.some(({ weightedError }) => weightedError.some((value) => value !== null));
  return logarithmic && recorded ? 'weightedError' : 'loss';
}
