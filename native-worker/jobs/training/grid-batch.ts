import { imagesAtOnce } from '../../../contract/micro-batch.ts';
import type { RunConfig, TrainingConfig } from '../../../contract/training.ts';
import { evenBatch } from '../even-batch.ts';

/** Pictures of a grid that go through the network at once, where the run itself trains with more. */
const LARGEST_BATCH = 32;

/** Rows of a run's grid: at most one a class where the network knows classes. */
export function gridRows({ grid }: Pick<RunConfig, 'grid'>, labelDim: number): number {
  return labelDim > 0 ? Math.min(grid.rows, labelDim) : grid.rows;
}

/**
 * How many pictures of a grid are drawn at once: as many as the run trains with at most, in equal parts, so that the
 * last part is not mostly padding (72 pictures are three times 24, not 32, 32 and 8).
 */
export function gridBatch(
  config: Pick<RunConfig, 'grid'> & { readonly training: Pick<TrainingConfig, 'batchSize' | 'microBatch'> },
  labelDim: number,
): number {
  const largest = Math.min(LARGEST_BATCH, imagesAtOnce(config.training));
  const pictures = gridRows(config, labelDim) * config.grid.columns;
  return evenBatch(pictures, largest);
}
