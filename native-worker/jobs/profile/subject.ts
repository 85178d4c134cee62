import type { ProfileSubject } from '../../../contract/profile-process.ts';
import { oneHot } from '../../edm2/tensors/layout.ts';
import { samplerSigmas, samplerSteps } from '../../edm2/sampling/sampler.ts';
import { randomKernels } from '../../engine/random.ts';
import { classesInTurn, openSampler, openTraining } from '../bench/subject.ts';
import type { MeasuredStep } from './measure.ts';

/**
 * The step of a network whose weights are as they begin, on pictures of noise: what a step costs doesn't depend on them. It
 * is computed by the code that jobs run.
 */
export function openStep(subject: ProfileSubject): Promise<MeasuredStep> {
  return subject.work === 'training' ? trainingStep(subject) : samplingStep(subject);
}

async function trainingStep(subject: ProfileSubject): Promise<MeasuredStep> {
  const { trainer, step } = await openTraining(subject);
  const images = subject.config.training.batchSize;
  return { work: 'training', images, sides: trainer.sides, take: step, trace: trainer.trace };
}

/** The first evaluation of a drawing, over and over. */
async function samplingStep(subject: ProfileSubject): Promise<MeasuredStep> {
  const { config, shape } = subject;
  const images = config.training.batchSize;
  const sampler = await openSampler(subject);
  const settings = config.grid.sampler;
  const noise = randomKernels.normal([images, shape.resolution, shape.resolution, shape.channels], [0, 0]);
  const labels = oneHot(classesInTurn(images, shape.labelDim), shape.labelDim);
  await sampler.begin(noise as never, samplerSigmas(settings)[0]!, labels);
  noise.dispose();
  labels?.dispose();
  const stage = samplerSteps(settings)[0]!.stages[0]!;
  return {
    ...{ work: 'sampling', images, sides: sampler.sides },
    take: () => sampler.runStage(stage),
    trace: (work) => sampler.trace(work),
  };
}
