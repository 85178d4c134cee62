import type { Seed } from '../../contract/seed.ts';

/**
 * What a random op of TensorFlow's second version is fed with, so that it draws the numbers from `skip` on of what one of
 * the first version draws for a seed. Both draw in fours.
 *
 * @param skip numbers that come before, a multiple of 4 below 2^53
 * @returns    key and counter of Philox, as 32-bit words, low ones first
 *
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011 (Philox 4×32-10); TensorFlow scrambles a
 * seed by one turn of it, so that either half of it makes a good one.
 */
export function keyAndCounter(seed: Seed, skip: number): { key: Int32Array; counter: Int32Array } {
  // The two integers are widened with their sign.
  const widened = seed.flatMap((word) => [word, word < 0 ? -1 : 0]) as Four;
  const [first, second, third, fourth] = philox(widened, [0x3ec8f720, 0x02461e29]);
  const turns = skip / 4;
  return {
    key: Int32Array.of(first, second),
    counter: Int32Array.of(turns, Math.floor(turns / 2 ** 32), third, fourth),
  };
}

type Four = [number, number, number, number];

const ROUNDS = 10;

function philox([a, b, c, d]: Four, [left, right]: [number, number]): Four {
  for (let round = 0; round < ROUNDS; round += 1) {
    const [highA, lowA] = product(0xd2511f53, a);
    const [highC, lowC] = product(0xcd9e8d57, c);
    [a, b, c, d] = [highC ^ b ^ left, lowC, highA ^ d ^ right, lowA];
    left += 0x9e3779b9;
    right += 0xbb67ae85;
  }
  return [a, b, c, d];
}

/** The high and the low 32 bits of a product of two 32-bit numbers. */
function product(x: number, y: number): [number, number] {
  const whole = BigInt(x >>> 0) * BigInt(y >>> 0);
  return [Number(whole >> 32n), Number(whole & 0xffffffffn)];
}
