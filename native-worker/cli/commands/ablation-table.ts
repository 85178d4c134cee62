import { boardOf, type Board, type BoardRun, type Spread } from '../../../contract/ablation-board.ts';
import type { DynamicsKind } from '../../../contract/dynamics.ts';
import { runDynamics, unpackDynamics, type DynamicsTable } from '../../../contract/dynamics-table.ts';
import { getRun, type RunState } from '../../../contract/runs.ts';
import { images } from '../../../contract/units.ts';
import type { ServiceClient } from '../../client/service-client.ts';
import { table, threeDigits } from '../words.ts';

/** Moments of validation that are looked at, and of what only the first and the last of matter. */
const MOMENTS = 2000;
const ENDS = 10;

/** What an ablation's runs have recorded so far. */
export async function readBoard(client: ServiceClient, ids: readonly number[]): Promise<Board> {
  const read = async (id: number, kind: DynamicsKind, maxColumns: number): Promise<DynamicsTable> =>
    unpackDynamics(await client.call(runDynamics, { id, kind, maxColumns }));
  const runs: BoardRun[] = [];
  for (const id of ids) {
    runs.push({
      run: await client.call(getRun, { id }),
      validation: await read(id, 'validation', MOMENTS),
      weight: await read(id, 'weight', ENDS),
      activation: await read(id, 'activation', ENDS),
    });
  }
  return boardOf(runs);
}

/** The same as a table. */
export function boardWords({ nimg, rows }: Board): string {
  const error = nimg === null ? 'validation error' : `validation error at ${images(nimg)}`;
  const cells = rows.map(({ label, runs, ...row }) => [
    label,
    stateWords(runs.map(({ run }) => run.state)),
    spreadWords(row.error),
    spreadWords(row.weightGrowth, '×'),
    spreadWords(row.activationGrowth, '×'),
    spreadWords(row.imagesPerSecond),
  ]);
  return table(['', 'runs', error, 'weights', 'activations', 'img/s'], cells, [2, 3, 4, 5]);
}

/** "finished", "2 finished, 1 failed". */
function stateWords(states: readonly RunState[]): string {
  const kinds = [...new Set(states)];
  const count = (state: RunState): number => states.filter((one) => one === state).length;
  return states.length === 1 ? kinds[0]! : kinds.map((state) => `${count(state)} ${state}`).join(', ');
}

function spreadWords(spread: Spread | null, before = ''): string {
  if (spread === null) return '–';
  const deviation = spread.deviation === null ? '' : ` ± ${threeDigits(spread.deviation)}`;
  return `${before}${threeDigits(spread.mean)}${deviation}`;
}
