import { planNetwork } from '../../../contract/architecture.ts';
import type { BenchSubject, BenchTask } from '../../../contract/bench.ts';
import { initialSource, initialState } from '../../edm2/training/state.ts';
import { oneHotRows } from '../../edm2/tensors/layout.ts';
import { randomSource } from '../../edm2/tensors/random.ts';
import type { Parameters } from '../../edm2/tensors/types.ts';
import { hostOf } from '../../engine/session/host.ts';
import { recordProgram } from '../../engine/recording/program.ts';
import { GraphSession } from '../../engine/session/graph-session.ts';
import { reducedTypeOf } from '../../engine/precision.ts';
import { randomKernels } from '../../engine/random.ts';
import { tf } from '../../engine/tensorflow.ts';
import { convolutionsOnly } from '../../programs/convolutions.ts';
import { networkSampler } from '../../programs/network-sampler.ts';
import { drawPictures } from '../drawing.ts';
import type { PictureBatch } from '../training/batch.ts';
import { GraphTrainer } from '../training/graph-trainer.ts';

/** Does a task once. */
export type RunTask = () => Promise<void>;

/**
 * What is measured, by the code that jobs run. Preparing a task records its graph and takes the memory that it needs;
 * the first run of it is slower, because TensorFlow plans then.
 */
export function prepareTask(task: BenchTask, subject: BenchSubject): Promise<RunTask> {
  switch (task) {
    case 'train':
      return training(subject);
    case 'sample':
      return sampling(subject);
    case 'train-convolutions':
      return convolutions(subject, true);
    case 'sample-convolutions':
      return convolutions(subject, false);
    default:
      return task satisfies never;
  }
}

async function training({ config, shape }: BenchSubject): Promise<RunTask> {
  const { training } = config;
  const plan = planNetwork(config.network, shape);
  const random = randomSource(randomKernels, training.seed, 0);
  const { batchSize } = training;
  const trainer = await GraphTrainer.open(
    { plan, training, grid: { average: 0, count: 1 } },
    initialSource(plan, random),
  );
  const { resolution, channels, labelDim } = shape;
  const pixels = Uint8Array.from({ length: batchSize * resolution ** 2 * channels }, (_, at) => (at * 31) % 256);
  const classes = Array.from({ length: batchSize }, (_, index) => index % labelDim);
  const batch: PictureBatch = {
    images: { dtype: 'uint8', shape: [batchSize, resolution, resolution, channels], values: pixels },
    labels:
      labelDim === 0 ? null : { dtype: 'float32', shape: [batchSize, labelDim], values: oneHotRows(classes, labelDim) },
  };
  let nimg = 0;
  return async () => {
    await trainer.step(nimg, batch, false);
    nimg += batchSize;
  };
}

async function sampling({ config, shape }: BenchSubject): Promise<RunTask> {
  const plan = planNetwork(config.network, shape);
  const { parameters, buffers } = initialState(plan, 0, randomSource(randomKernels, config.training.seed, 0));
  const count = config.training.batchSize;
  const network = { plan, parameters: trainedGains(parameters), buffers };
  const sampler = await networkSampler('graph', { main: network, guide: null }, count, config.training.precision);
  const indices = Array.from({ length: count }, (_, index) => index);
  return async () => {
    await drawPictures({
      shape,
      sampler,
      seeds: indices,
      labels: indices.map((index) => (shape.labelDim > 0 ? index % shape.labelDim : null)),
      settings: config.grid.sampler,
      batchSize: count,
    });
  };
}

/** Gains begin at 0 and don't stay there; a graph that knew of zeros might leave out what they are multiplied with. */
function trainedGains(parameters: Parameters): Parameters {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, tensor]) => [name, tensor.rank === 0 ? tf.fill([], 0.5) : tensor]),
  );
}

async function convolutions({ config, shape }: BenchSubject, backward: boolean): Promise<RunTask> {
  const { training, network } = config;
  const { state, entry } = convolutionsOnly(planNetwork(network, shape), training.batchSize, backward);
  const reduced = reducedTypeOf(training.precision);
  const session = new GraphSession(recordProgram({ state, entries: { convolutions: entry }, reduced }));
  const random = randomSource(randomKernels, training.seed, 0);
  await session.initialise((name) => {
    const values = random.normal([...state[name]!.shape], name);
    const host = hostOf(values);
    values.dispose();
    return host;
  });
  return async () => {
    await session.run('convolutions', {}, noSeed, ['sum']);
  };
}

function noSeed(purpose: string): never {
  throw new Error(`convolutions draw random numbers for ${purpose}`);
}
