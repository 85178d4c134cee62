/// <reference lib="esnext.float16" />
import * as z from 'zod';
import { solvePostHoc } from '../../../contract/post-hoc.ts';
import { averageRate, gammaFromSigmaRel } from '../../../contract/power-function.ts';
import { moveAverage } from '../../edm2/training/averages.ts';
import { tf } from '../../engine/tensorflow.ts';
import type { Runner } from '../runner.ts';
import { numbers, tensor } from '../tensors.ts';
import type { Tensor } from '../tensors.ts';

const Settings = z.looseObject({
  walk: z.looseObject({
    steps: z.int(),
    dim: z.int(),
    batch: z.int(),
    every: z.int(),
    in_stds: z.array(z.number()),
    out_stds: z.array(z.number()),
    /** Which snapshot time, counted from 0, is "mid". */
    mid: z.int(),
  }),
});
type Walk = z.infer<typeof Settings>['walk'];

/** Averages of a random walk, tracked and reconstructed from snapshots. */
export const runPostHocWalk: Runner = (reference) => {
  const { walk } = Settings.parse(reference.config);
  const theta = tf.unstack(tensor(reference, 'theta'));
  const stored = walk.in_stds.map((std) => track(theta, std, walk));
  const wanted = walk.out_stds.map((std) => track(theta, std, walk));
  const times = Array.from({ length: Math.floor(walk.steps / walk.every) }, (_, i) => (i + 1) * walk.every);

  const values = new Map<string, ArrayLike<number>>();
  values.set(
    'snapshots',
    times.flatMap((step) => stored.flatMap((averages) => [...averages[step - 1]!])),
  );
  const scalars: Record<string, unknown> = { t_snapshots: times.map((step) => step * walk.batch) };
  const at = { end: times.at(-1)!, mid: times[walk.mid]! };
  scalars.mid = at.mid * walk.batch;
  for (const [moment, step] of Object.entries(at)) {
    const snapshots = times
      .filter((time) => time <= step)
      .flatMap((time) => walk.in_stds.map((sigmaRel, s) => ({ time, sigmaRel, average: stored[s]![time - 1]! })));
    const rebuilt = reconstruct(snapshots, step, walk.out_stds);
    const halves = snapshots.map((snapshot) => ({
      ...snapshot,
      average: Float32Array.from(new Float16Array(snapshot.average)),
    }));
    const tracked = wanted.map((averages) => averages[step - 1]!);
    values.set(
      `reconstructed.${moment}`,
      rebuilt.flatMap((x) => [...x]),
    );
    values.set(
      `reconstructed_from_fp16.${moment}`,
      reconstruct(halves, step, walk.out_stds).flatMap((x) => [...x]),
    );
    values.set(
      `true_tracked.${moment}`,
      tracked.flatMap((x) => [...x]),
    );
    values.set(
      `true_direct.${moment}`,
      walk.out_stds.flatMap((std) => direct(theta.slice(0, step), std)),
    );
    scalars[`error_${moment}`] = Object.fromEntries(
      walk.out_stds.map((std, index) => [std.toFixed(3), distance(rebuilt[index]!, tracked[index]!)]),
    );
  }
  return { values, scalars };
};

/** The average after each step, as the training step moves it. */
function track(theta: readonly Tensor[], sigmaRel: number, { batch }: Walk): Float32Array[] {
  let average: Tensor = tf.zerosLike(theta[0]!);
  return theta.map((value, index) => {
    const rate = tf.scalar(averageRate(sigmaRel, (index + 1) * batch, batch));
    average = moveAverage(average, value, rate);
    return numbers(average);
  });
}

interface Snapshot {
  readonly time: number;
  readonly sigmaRel: number;
  readonly average: Float32Array;
}

/** Sums in float32, one snapshot after the other, as a reconstruction of a large network would. */
function reconstruct(snapshots: readonly Snapshot[], time: number, stds: readonly number[]): Float32Array[] {
  const targets = stds.map((sigmaRel) => ({ time, sigmaRel }));
  return solvePostHoc(snapshots, targets).map(({ coefficients }) => {
    const sum = new Float32Array(snapshots[0]!.average.length);
    snapshots.forEach(({ average }, index) => {
      for (let i = 0; i < sum.length; i++) sum[i]! += coefficients[index]! * average[i]!;
    });
    return sum;
  });
}

/** Σ θ_k ((k/n)^(γ+1) − ((k−1)/n)^(γ+1)), which the tracked average equals but for rounding. */
function direct(theta: readonly Tensor[], sigmaRel: number): number[] {
  const power = gammaFromSigmaRel(sigmaRel) + 1;
  const sum = new Float64Array(theta[0]!.size);
  theta.forEach((value, index) => {
    const weight = ((index + 1) / theta.length) ** power - (index / theta.length) ** power;
    numbers(value).forEach((number, i) => {
      sum[i]! += weight * number;
    });
  });
  return [...sum];
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.hypot(...a.map((x, i) => x - b[i]!)) / Math.hypot(...b);
}
