/**
 * The batch that cuts `pictures` into parts as equal as can be, none above `largest`: 36 by at most 32 are twice 18, not
 * 32 and 4, so that little is filled up.
 */
export function evenBatch(pictures: number, largest: number): number {
  return Math.ceil(pictures / Math.ceil(pictures / largest));
}
