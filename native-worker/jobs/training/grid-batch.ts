import type { TrainingConfig } from '../../../contract/training.ts';

/** Pictures of a grid that go through the network at once, where the run itself trains with more. */
const LARGEST_BATCH = 32;

/** How many pictures of a grid are drawn at once. */
export function gridBatch({ batchSize, microBatch }: TrainingConfig): number {
  return Math.min(LARGEST_BATCH, microBatch ?? batchSize);
}
