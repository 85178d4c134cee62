import * as z from 'zod';
import { guided, heunSample, samplerSigmas } from '../../edm2/heun.ts';
import type { Denoiser } from '../../edm2/heun.ts';
import { denoise } from '../../edm2/precondition.ts';
import type { Network } from '../../edm2/precondition.ts';
import { tf } from '../../engine/tensorflow.ts';
import type { Engine } from '../engine.ts';
import { networkOf } from '../network-config.ts';
import type { Runner } from '../runner.ts';
import { numbers, numbersNchw, pictures, tensor } from '../tensors.ts';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '../tensors.ts';

const Settings = z.looseObject({
  net: z.string(),
  gnet: z.string().optional(),
  num_steps: z.int(),
  guidance: z.array(z.number()),
  sigma_min: z.number(),
  sigma_max: z.number(),
  rho: z.number(),
  S_churn: z.literal(0).optional(),
});

export const runSampler: Runner = (reference, engine) => {
  const settings = Settings.parse(reference.config);
  const main = networkOf(reference.open(settings.net));
  const guide = settings.gnet === undefined ? main : networkOf(reference.open(settings.gnet));
  const labels = reference.has('labels') ? (tensor(reference, 'labels') as Tensor2D) : null;
  const noise = pictures(reference, 'noise');
  const sigmas = samplerSigmas({
    steps: settings.num_steps,
    sigmaMin: settings.sigma_min,
    sigmaMax: settings.sigma_max,
    rho: settings.rho,
  });

  const mainDenoiser = denoiserOf(engine, main, noise, labels);
  const guideDenoiser = denoiserOf(engine, guide, noise, guide.plan.shape.labelDim > 0 ? labels : null);

  const values = new Map<string, ArrayLike<number>>();
  const scalars: Record<string, unknown> = {};
  for (const guidance of settings.guidance) {
    const evaluated: number[] = [];
    const counted: Denoiser = (x, sigma) => {
      evaluated.push(numbers(sigma)[0]!);
      return mainDenoiser(x, sigma);
    };
    const denoiser = guided(counted, guideDenoiser, guidance);
    const kept = reference.outputs[`states.guidance${guidance}`]?.shape[1] ?? 1;
    const states: Float32Array[] = [numbersNchw(tf.slice(tf.mul(noise, sigmas[0]!), 0, kept))];
    const result = heunSample(denoiser, noise, sigmas, (_step, x) => {
      states.push(numbersNchw(tf.slice(x, 0, kept)));
      return true;
    })!;
    values.set(`x.guidance${guidance}`, numbersNchw(result));
    values.set(
      `states.guidance${guidance}`,
      states.flatMap((state) => [...state]),
    );
    scalars[`sigmas_evaluated_guidance${guidance}`] = evaluated;
    scalars[`evaluations_guidance${guidance}`] = evaluated.length;
  }
  return { values, scalars };
};

/** D(x; σ) of a network for batches of the noise's shape, prepared once. */
function denoiserOf(engine: Engine, network: Network, noise: Tensor4D, labels: Tensor2D | null): Denoiser {
  const { plan, buffers, parameters } = network;
  const fixed: Record<string, Tensor> = { ...parameters, ...(labels === null ? {} : { labels }) };
  const run = engine.prepare(
    { ...fixed, x: noise, sigma: tf.tensor1d([1]) },
    ({ x, sigma, ...given }: Record<string, Tensor>) => {
      const labelled = (given.labels as Tensor2D | undefined) ?? null;
      return { y: denoise({ plan, buffers, parameters: given }, x as Tensor4D, sigma as Tensor1D, labelled) };
    },
  );
  return (x, sigma) => run({ ...fixed, x, sigma }).y;
}
