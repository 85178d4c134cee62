import * as z from 'zod';
import { samplerSteps } from '../../edm2/sampling/sampler.ts';
import { tf } from '../../engine/tensorflow.ts';
import { networkSampler } from '../../programs/network-sampler.ts';
import { networkOf } from '../network-config.ts';
import type { Runner } from '../runner.ts';
import { numbersNchw, pictures, tensor } from '../tensors.ts';
import type { Tensor2D } from '../tensors.ts';

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

/** Samples as jobs do: op by op, or by the graph whose weights are folded and whose session keeps the pictures. */
export const runSampler: Runner = async (reference, engine) => {
  const settings = Settings.parse(reference.config);
  const main = networkOf(reference.open(settings.net));
  const guide = settings.gnet === undefined ? main : networkOf(reference.open(settings.gnet));
  const labels = reference.has('labels') ? (tensor(reference, 'labels') as Tensor2D) : null;
  const noise = pictures(reference, 'noise');
  const steps = samplerSteps({
    steps: settings.num_steps,
    sigmaMin: settings.sigma_min,
    sigmaMax: settings.sigma_max,
    rho: settings.rho,
  });

  const values = new Map<string, ArrayLike<number>>();
  const scalars: Record<string, unknown> = {};
  for (const guidance of settings.guidance) {
    const networks = { main, guide: { network: guide, strength: guidance } };
    const sampler = await networkSampler(engine.how.engine, networks, noise.shape[0], engine.how.precision);
    const kept = reference.outputs[`states.guidance${guidance}`]?.shape[1] ?? 1;
    const state = async (): Promise<Float32Array> => numbersNchw(tf.slice(await sampler.pictures(), 0, kept));
    await sampler.begin(noise, steps[0]!.stages[0]!.sigma, labels);
    const states = [await state()];
    const evaluated: number[] = [];
    for (const { stages } of steps) {
      for (const stage of stages) {
        evaluated.push(stage.sigma);
        await sampler.runStage(stage);
      }
      states.push(await state());
    }
    values.set(`x.guidance${guidance}`, numbersNchw(await sampler.pictures()));
    values.set(
      `states.guidance${guidance}`,
      states.flatMap((one) => [...one]),
    );
    scalars[`sigmas_evaluated_guidance${guidance}`] = evaluated;
    scalars[`evaluations_guidance${guidance}`] = evaluated.length;
    sampler.dispose();
  }
  return { values, scalars };
};
