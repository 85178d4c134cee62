/**
 * Whether a step passed a multiple of `every`: the moment for a tick, a snapshot, a checkpoint or a grid. Counting in
 * images keeps the moments where they are when the batch size doesn't divide the interval.
 *
 * @param before nimg before the step
 * @param after  nimg after it
 * @param every  interval in images; 0: never
 */
export function passes(before: number, after: number, every: number): boolean {
  return every > 0 && Math.floor(after / every) > Math.floor(before / every);
}
