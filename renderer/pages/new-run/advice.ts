import type { NetworkPlan } from '../../../contract/architecture.ts';
import type { Dataset } from '../../../contract/datasets.ts';
import type { RunConfig } from '../../../contract/training.ts';
import { heldOutCount, validationCost } from '../../../contract/validation.ts';
import { images, number } from '../../lib/format.ts';

/** Pictures of a batch above which gradients in half precision begin to vanish: they fall as 1/batch. */
const BATCH_IN_HALF = 256;

/** How far the pictures' deviation may be from sigma_data before it is worth a word: the loss weights shift by its square. */
const SIGMA_DATA_RATIO = 1.4;

/** Share of the time of training above which validation is worth a word. */
const DEAR_VALIDATION = 0.05;

/**
 * What the user should know before starting, though nothing forbids it: sentences, most important first.
 *
 * @param config  of the run
 * @param dataset it is to learn
 * @param plan    of its network
 */
export function advice(config: RunConfig, dataset: Dataset, plan: NetworkPlan): string[] {
  const { training, logging, network } = config;
  const words: string[] = [];
  const steps = training.durationImages / training.batchSize;
  if (training.rampUpImages >= training.durationImages) {
    words.push(
      `The learning rate is still rising when the run ends: its ramp-up takes ${images(training.rampUpImages)}, the run ${images(training.durationImages)}.`,
    );
  }
  if (training.decayBatches > steps && training.rampUpImages < training.durationImages) {
    words.push(
      `The learning rate never decays: the run has ${number(Math.floor(steps), 4)} steps, decay would start at ${number(training.decayBatches, 4)}.`,
    );
  }
  if (training.precision === 'fp16' && training.lossScaling === 1 && training.batchSize > BATCH_IN_HALF) {
    words.push(
      `With a batch of ${training.batchSize} small gradients vanish in fp16; loss scaling ${Math.round(training.batchSize / 32)}, under Optimiser, lifts them.`,
    );
  }
  if (logging.tickImages > training.durationImages) {
    words.push('No loss is written down before the end: a tick takes more images than the run has.');
  }
  if (logging.validationImages > 0) {
    const cost = validationCost(dataset.count, training.sigmaRels.length, logging.validationImages);
    if (heldOutCount(dataset.count) === 0) {
      words.push('Nothing will be validated: the dataset has too few pictures to hold any out.');
    } else if (cost > DEAR_VALIDATION) {
      words.push(
        `Validation takes about ${number(cost * 100, 2)} % of the time of training; a longer interval, under Logging and checkpoints, lowers it.`,
      );
    }
  }
  if (training.classConditional && dataset.classes.length === 0) {
    words.push('These pictures have no classes, so the network will not be class-conditional.');
  }
  if (training.classConditional && dataset.classes.length === 1) {
    words.push('All pictures are of one class, so the class tells the network nothing.');
  }
  const ratio = dataset.pixelStd / network.sigmaData;
  if (ratio > SIGMA_DATA_RATIO || ratio < 1 / SIGMA_DATA_RATIO) {
    words.push(
      `The pictures’ standard deviation is ${number(dataset.pixelStd, 2)}, the network expects σ_data ${number(network.sigmaData, 2)}; σ_data can be set under Network.`,
    );
  }
  const resolutions = new Set(plan.encoder.map((block) => block.resolution));
  const unused = network.attnResolutions.filter((resolution) => !resolutions.has(resolution));
  if (unused.length > 0) {
    words.push(
      `There is no level of ${unused.join(' or ')} pixels, so no attention is added there; the levels are ${[...resolutions].join(', ')}.`,
    );
  }
  return words;
}
