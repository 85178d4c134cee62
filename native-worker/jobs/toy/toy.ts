import type { Tensor4D } from '@tensorflow/tfjs-core';
import { AppError } from '../../../contract/errors.ts';
import type { ToyRequest, ToyResult, ToyTraining } from '../../../contract/toy.ts';
import { guided, heunSample, samplerSigmas, type Denoiser } from '../../edm2/heun.ts';
import { seedFor } from '../../edm2/seeds.ts';
import { randomKernels } from '../../engine/random.ts';
import { breathe } from '../context.ts';
import { excessLoss } from './excess.ts';
import { PointMeter } from './figures.ts';
import { ToySession, tree, truePoints } from './network.ts';
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

/** Steps between two moments at which the process hears what happens around it; one takes some milliseconds. */
const STEPS_AT_ONCE = 32;

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
  const main = new ToySession(MAIN_WIDTH, points, seed);
  const guide = new ToySession(GUIDE_WIDTH, points, seed);
  try {
    const guideTraining = await train(guide, GUIDE_WIDTH, Math.round(steps * GUIDE_SHARE), seed, (share) =>
      onProgress(share * 0.1, 'training the guide'),
    );
    const mainTraining = await train(main, MAIN_WIDTH, steps, seed, (share) =>
      onProgress(0.1 + share * MAIN_WORK, 'training the main network'),
    );
    const noise = randomKernels.normal([points, 1, 1, 2], seedFor(seed, 'sample', 0)) as Tensor4D;
    const draw = (denoiser: Denoiser): Float32Array => {
      const reached = heunSample(denoiser, noise, samplerSigmas(SAMPLER))!;
      const numbers = reached.dataSync<'float32'>();
      reached.dispose();
      return numbers;
    };
    onProgress(0.9, 'drawing');
    const truth = truePoints(points, seed, 'truth');
    const drawn = {
      truth,
      guide: draw(guide.denoiser),
      main: draw(main.denoiser),
      autoguidance: draw(guided(main.denoiser, guide.denoiser, guidance)),
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
    const loss = session.step();
    if (!Number.isFinite(loss)) {
      throw new AppError('not-finite', `The loss was not a finite number after ${step} steps; try another --seed.`);
    }
    losses.push(loss);
    if (step % STEPS_AT_ONCE === 0) {
      onProgress(step / steps);
      await breathe(); // whoever asked may have gone
    }
  }
  const window = Math.max(1, Math.floor(steps / 16));
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    width,
    parameters: session.parameters,
    steps,
    firstLoss: mean(losses.slice(0, window)),
    lastLoss: mean(losses.slice(-window)),
    excess: excessLoss(session.denoiser, session.count, seed),
    seconds: (performance.now() - start) / 1000,
  };
}
