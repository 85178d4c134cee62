import type { Board, Spread } from '../../../contract/ablation-board.ts';
import { csvTable } from '../../../contract/csv.ts';

/** A board's numbers as they were measured; the deviation over seeds is empty where there is one. */
export function boardCsv({ nimg, rows }: Board): string {
  const spread = (value: Spread | null): (number | null)[] => [value?.mean ?? null, value?.deviation ?? null];
  const titles = [
    'validation error',
    'weights, of the first tick',
    'activations, of the first tick',
    'images a second',
  ];
  return csvTable([
    ['setting', 'runs', 'validation at training images', ...titles.flatMap((title) => [title, `${title}: deviation`])],
    ...rows.map(({ label, runs, error, weightGrowth, activationGrowth, imagesPerSecond }) => [
      ...[label, runs.map(({ run }) => run.name).join('; '), error === null ? null : nimg],
      ...[error, weightGrowth, activationGrowth, imagesPerSecond].flatMap(spread),
    ]),
  ]);
}
