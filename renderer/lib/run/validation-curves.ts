import type { DynamicsTable } from '../../../contract/dynamics-table.ts';
import { networkName, validationRows } from '../../../contract/validation.ts';
import type { Series } from '../charts/series.ts';

/** Colours of networks: as many as a run's averages and the raw network can be, then again from the first. */
const HUES = 8;

const DASH = [5, 3];

/**
 * Curves of what a run validated: a colour a network, solid on what is held out and dashed on what it is trained on.
 *
 * @param sigmaRels lengths of the run's averages
 */
export function validationCurves(table: DynamicsTable, sigmaRels: readonly number[]): Series[] {
  const networks = [null, ...sigmaRels];
  return validationRows(sigmaRels).flatMap(({ name, sigmaRel, pictures }) => {
    const row = table.layers.indexOf(name);
    if (row < 0) return [];
    return [
      {
        id: name,
        label: pictures === 'held out' ? networkName(sigmaRel) : `${networkName(sigmaRel)}, trained on`,
        token: `--run-${(networks.indexOf(sigmaRel) % HUES) + 1}`,
        dash: pictures === 'held out' ? [] : DASH,
        xs: table.nimg,
        ys: table.values[row]!,
      },
    ];
  });
}
