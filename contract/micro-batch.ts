/** How a batch is cut into parts that go through the network one after the other; null: not at all. */
interface Batches {
  readonly batchSize: number;
  readonly microBatch: number | null;
}

/** Pictures that go through the network at once. */
export function imagesAtOnce({ batchSize, microBatch }: Batches): number {
  return Math.min(microBatch ?? batchSize, batchSize);
}

/** Micro-batches that a batch can be cut into: what divides it, the batch itself first. */
export function possibleMicroBatches(batchSize: number): number[] {
  const all = Array.from({ length: batchSize }, (_, index) => batchSize - index);
  return all.filter((size) => batchSize % size === 0);
}

/** A sentence where a batch can't be cut so, with the nearest sizes that divide it; else null. */
export function microBatchProblem({ batchSize, microBatch }: Batches): string | null {
  if (microBatch === null || batchSize % microBatch === 0) return null;
  const possible = possibleMicroBatches(batchSize);
  const above = possible.filter((size) => size > microBatch).at(-1);
  const below = possible.find((size) => size < microBatch);
  const nearest = [below, above].filter((size) => size !== undefined);
  const words =
    nearest.length === 1
      ? `the nearest that divides it is ${nearest[0]!}`
      : `the nearest that divide it are ${nearest.join(' and ')}`;
  return `batch size ${batchSize} is not a multiple of micro-batch ${microBatch}; ${words}`;
}
