/** Which pictures a training step sees: every picture once an epoch, in an order of the epoch's own. */

export interface BatchRequest {
  /** Pictures in the dataset, at least 1. */
  readonly count: number;
  readonly seed: number;
  /** Training images seen before this batch. */
  readonly nimg: number;
  readonly batchSize: number;
}

/**
 * Indices of the pictures nimg, nimg + 1, … of an endless sequence of shuffled epochs. It depends on its arguments
 * alone: not on where earlier batches began or ended, so a run that goes on sees what it would have seen.
 *
 * @returns Int32 [batchSize], each from 0 to count − 1; a batch may reach over the end of an epoch
 */
export function batchIndices({ count, seed, nimg, batchSize }: BatchRequest): Int32Array {
  const indices = new Int32Array(batchSize);
  for (let filled = 0; filled < batchSize;) {
    const epoch = Math.floor((nimg + filled) / count);
    const from = nimg + filled - epoch * count;
    const part = epochOrder(count, seed, epoch).subarray(from, from + batchSize - filled);
    indices.set(part, filled);
    filled += part.length;
  }
  return indices;
}

/** Orders that were made last; what they hold follows from their key, so keeping them changes no result. */
const recentOrders = new Map<string, Int32Array>();

/** A batch may reach over an epoch's end, and an epoch's order takes 4 bytes a picture. */
const ORDERS_KEPT = 2;

function epochOrder(count: number, seed: number, epoch: number): Int32Array {
  const key = `${count} ${seed} ${epoch}`;
  const known = recentOrders.get(key);
  if (known !== undefined) return known;
  const order = shuffled(count, randomWords(seed, epoch));
  recentOrders.set(key, order);
  for (const old of recentOrders.keys()) {
    if (recentOrders.size <= ORDERS_KEPT) break;
    recentOrders.delete(old);
  }
  return order;
}

/** Fisher and Yates: every order is equally likely. */
function shuffled(count: number, next: () => number): Int32Array {
  const order = new Int32Array(count);
  for (let index = 0; index < count; index++) order[index] = index;
  for (let last = count - 1; last > 0; last--) {
    const other = below(last + 1, next);
    const moved = order[last]!;
    order[last] = order[other]!;
    order[other] = moved;
  }
  return order;
}

/** A whole number from 0 to limit − 1; words in the incomplete last stretch are drawn again, or small ones would win. */
function below(limit: number, next: () => number): number {
  const whole = 2 ** 32 - (2 ** 32 % limit);
  let word = next();
  while (word >= whole) word = next();
  return word % limit;
}

/**
 * A stream of 32-bit words that follows from two whole numbers: Chris Doty-Humphrey's sfc32, chosen because it is small,
 * quick and passes PractRand. The first words mix the seed and are thrown away.
 */
function randomWords(seed: number, epoch: number): () => number {
  let a = seed | 0;
  let b = Math.floor(seed / 2 ** 32) | 0;
  let c = epoch | 0;
  let counter = 1;
  const next = (): number => {
    const word = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + word;
    return word >>> 0;
  };
  for (let i = 0; i < 20; i++) next();
  return next;
}
