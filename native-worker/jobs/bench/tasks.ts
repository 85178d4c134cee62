import { planNetwork } from '../../../contract/architecture.ts';
import type { BenchSubject, BenchTask, SubjectAcross } from '../../../contract/bench.ts';
import { randomSource } from '../../edm2/tensors/random.ts';
import { hostOf } from '../../engine/session/host.ts';
import { recordProgram } from '../../engine/recording/program.ts';
import { GraphSession } from '../../engine/session/graph-session.ts';
import { reducedTypeOf } from '../../engine/precision.ts';
import { randomKernels } from '../../engine/random.ts';
import { convolutionsOnly } from '../../programs/convolutions.ts';
import { drawPictures } from '../drawing.ts';
import { classesInTurn, openSampler, openTraining } from './subject.ts';

/** Does a task once. */
export type RunTask = () => Promise<void>;

/**
 * What is measured, by the code that jobs run. Preparing a task records its graph and takes the memory that it needs;
 * the first run of it is slower, because TensorFlow plans then.
 */
export function prepareTask(task: BenchTask, subject: SubjectAcross): Promise<RunTask> {
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

async function training(subject: SubjectAcross): Promise<RunTask> {
  return (await openTraining(subject)).step;
}

async function sampling(subject: BenchSubject): Promise<RunTask> {
  const { config, shape } = subject;
  const count = config.training.batchSize;
  const sampler = await openSampler(subject);
  return async () => {
    await drawPictures({
      shape,
      sampler,
      seeds: Array.from({ length: count }, (_, index) => index),
      labels: classesInTurn(count, shape.labelDim),
      settings: config.grid.sampler,
      batchSize: count,
    });
  };
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
