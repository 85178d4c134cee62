/** How a batch is cut into parts that go through the network one after the other; null: not at all. */
export interface Batches {
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

/** A sentence where a batch can't be shared out evenly, with what can; else null. @param devices at least 1 */
export function sharesProblem({ batchSize }: Pick<Batches, 'batchSize'>, devices: number): string | null {
  if (batchSize % devices === 0) return null;
  const possible = possibleMicroBatches(batchSize).filter((count) => count > 1 && count < devices);
  const more = possibleMicroBatches(batchSize)
    .filter((count) => count > devices)
    .at(-1);
  const some = [...possible.reverse(), ...(more === undefined ? [] : [more])];
  const words = `it can over ${[...some, 'one'].join(', ').replace(/, one$/, ' or one')}`;
  return `a batch of ${batchSize} can’t be shared out evenly over ${devices} devices; ${words}`;
}

/**
 * Pictures that each of several devices takes at once: its share of the batch, or as many as fit into the micro-batch and
 * divide the share.
 *
 * @param devices divide the batch (`sharesProblem`)
 */
export function imagesAtOnceOn(batches: Batches, devices: number): number {
  const atMost = imagesAtOnce(batches);
  return possibleMicroBatches(batches.batchSize / devices).find((size) => size <= atMost)!;
}

/** A batch as one of several devices has it. @param devices divide the batch (`sharesProblem`) */
export function shareOf<T extends Batches>(batches: T, devices: number): T {
  if (devices === 1) return batches;
  return { ...batches, batchSize: batches.batchSize / devices, microBatch: imagesAtOnceOn(batches, devices) };
}
