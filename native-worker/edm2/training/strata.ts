/**
 * Noise levels that stand for ln σ ~ N(mean, std²): the middles of equally likely parts, in rising order. With so many
 * fixed levels a mean over them has no noise of its own.
 *
 * @returns σ, [count]
 */
export function stratifiedSigmas(count: number, { pMean, pStd }: { pMean: number; pStd: number }): Float32Array {
  return Float32Array.from({ length: count }, (_, index) =>
    Math.exp(pMean + pStd * normalQuantile((index + 0.5) / count)),
  );
}

/**
 * The number below which a standard normal one lies with a probability. Newton's steps on Φ; good to 1e-12 from 1e-6 to
 * 1 − 1e-6.
 *
 * @param probability above 0 and below 1
 */
export function normalQuantile(probability: number): number {
  let x = 0;
  for (let step = 0; step < 50; step += 1) {
    const density = Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI);
    const change = (probability - normalDistribution(x, density)) / density;
    x += Math.max(-1, Math.min(1, change)); // far out, where the density is small, a whole step would overshoot
    if (Math.abs(change) < 1e-14) break;
  }
  return x;
}

/** Φ(x) = ½ + φ(x) (x + x³/3 + x⁵/(3·5) + …), which converges for every x. */
function normalDistribution(x: number, density: number): number {
  let term = x;
  let sum = x;
  for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) {
    term *= x ** 2 / odd;
    sum += term;
  }
  return 0.5 + density * sum;
}
