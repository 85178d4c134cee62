import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { AppError } from '../../../contract/errors.ts';
import type { ToyRequest, ToyResult, ToyTraining } from '../../../contract/toy.ts';
import {
  advance,
  beginSampling,
  disposeSampling,
  guided,
  heunStages,
  samplerSigmas,
} from '../../edm2/sampling/sampler.ts';
import { seedFor } from '../../edm2/tensors/random.ts';
import { randomKernels } from '../../engine/random.ts';
import { tf } from '../../engine/tensorflow.ts';
import { excessLoss } from './excess.ts';
import { PointMeter } from './figures.ts';
import { ToySession, tree, truePoints, type PointDenoiser } from './network.ts';
import { drawPanels } from './picture.ts';

/** Units of a hidden layer of the main network and of its guide. */
const MAIN_WIDTH = 64;
const GUIDE_WIDTH = 32;

/** The guide is trained for this share of the main network's steps. */
const GUIDE_SHARE = 1 / 8;

/** Points that each panel shows. */
const PANEL_POINTS = 16_384;

/** Noise levels: data of deviation 0.5 are noise at 5 as well as at 80. */
const SAMPLER = { steps: 32, sigmaMin: 0.002, sigmaMax: 5, rho: 7 };

/** Share of the whole work that training the main network is, about; for the progress bar. */
const MAIN_WORK = 0.8;

/**
 * Trains the main network and its guide, draws with each and with both, and measures and paints all that.
 *
 * @param onProgress told how far it is, 0 to 1, and with what
 * @param points     that each panel shows, at least 64
 * @throws {AppError} 'not-finite' if a loss is
 */
export async function runToy(
  { steps, seed, guidance }: ToyRequest,
  onProgress: (share: number, words: string) => void,
  points = PANEL_POINTS,
): Promise<{ readonly result: ToyResult; readonly png: Buffer }> {
  const start = performance.now();
  const main = await ToySession.open(MAIN_WIDTH, points, seed);
  const guide = await ToySession.open(GUIDE_WIDTH, points, seed);
  try {
    const guideTraining = await train(guide, GUIDE_WIDTH, Math.round(steps * GUIDE_SHARE), seed, (share) =>
      onProgress(share * 0.1, 'training the guide'),
    );
    const mainTraining = await train(main, MAIN_WIDTH, steps, seed, (share) =>
      onProgress(0.1 + share * MAIN_WORK, 'training the main network'),
    );
    const noise = randomKernels.normal([points, 1, 1, 2], seedFor(seed, 'sample', 0)) as Tensor4D;
    onProgress(0.9, 'drawing');
    const truth = truePoints(points, seed, 'truth');
    const drawn = {
      truth,
      guide: await draw(guide.denoiser, noise),
      main: await draw(main.denoiser, noise),
      autoguidance: await draw(bothGuided(main.denoiser, guide.denoiser, guidance), noise),
    };
    noise.dispose();
    onProgress(0.95, 'measuring');
    const histogramPoints = truePoints(8 * points, seed, 'histogram');
    const meter = new PointMeter(tree, histogramPoints);
    const panels = Object.entries(drawn).map(([name, places]) => {
      const { isOutlier, ...figures } = meter.measure(places);
      return { name: name as keyof typeof drawn, points: places, isOutlier, figures };
    });
    const png = await drawPanels(
      histogramPoints,
      panels.map(({ name, ...panel }) => ({
        ...panel,
        title: name === 'autoguidance' ? `autoguidance, w = ${guidance}` : titles[name],
      })),
    );
    const result = {
      main: mainTraining,
      guide: guideTraining,
      points,
      panels: Object.fromEntries(panels.map(({ name, figures }) => [name, figures])) as ToyResult['panels'],
      seconds: (performance.now() - start) / 1000,
    };
    return { result, png };
  } finally {
    main.close();
    guide.close();
  }
}

const titles = { truth: 'true distribution', guide: 'guide network', main: 'main network' };

/** Where Heun's method takes these points, [N, 2]. @param noise stays the caller's */
async function draw(denoiser: PointDenoiser, noise: Tensor4D): Promise<Float32Array> {
  const sigmas = samplerSigmas(SAMPLER);
  let state = beginSampling(noise, sigmas[0]!);
  for (const [step, next] of sigmas.slice(1).entries()) {
    for (const stage of heunStages(sigmas[step]!, next)) {
      const level = tf.tensor1d([stage.sigma]);
      const denoised = await denoiser(state.at, level);
      state = advance(() => denoised, state, stage);
      tf.dispose([level, denoised] as Tensor[]);
    }
  }
  const numbers = state.start.dataSync<'float32'>();
  disposeSampling(state);
  return numbers;
}

/** Guidance of networks that answer later. */
function bothGuided(main: PointDenoiser, guide: PointDenoiser, guidance: number): PointDenoiser {
  return async (x, sigma) => {
    const results = [await main(x, sigma), await guide(x, sigma)] as const;
    const both = guided(
      () => results[0].clone(),
      () => results[1].clone(),
      guidance,
    )(x, sigma);
    tf.dispose([...results]);
    return both;
  };
}

async function train(
  session: ToySession,
  width: number,
  steps: number,
  seed: number,
  onProgress: (share: number) => void,
): Promise<ToyTraining> {
  const start = performance.now();
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const loss = await session.step();
    if (!Number.isFinite(loss)) {
      throw new AppError('not-finite', `The loss was not a finite number after ${step} steps; try another --seed.`);
    }
    losses.push(loss);
    if (step % 32 === 0) onProgress(step / steps);
  }
  const window = Math.max(1, Math.floor(steps / 16));
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    width,
    parameters: session.parameters,
    steps,
    firstLoss: mean(losses.slice(0, window)),
    lastLoss: mean(losses.slice(-window)),
    excess: await excessLoss(session.denoiser, session.count, seed),
    seconds: (performance.now() - start) / 1000,
  };
}
