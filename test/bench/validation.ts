/**
 * `npm run bench:validation -- [--preset demo] [--batch N] [--pictures N] [--rounds 15]`: what validation costs. Steps and
 * evaluations take turns, so that a machine that gets slower does so for both; the share is that of the time of training at
 * the preset's own interval, on a dataset of so many pictures (default: as many as the demo set's), beside what the app says.
 */
import { parseArgs } from 'node:util';
import { planNetwork } from '../../contract/architecture.ts';
import { median } from '../../contract/median.ts';
import { findPreset } from '../../contract/presets.ts';
import { heldOutCount, VALIDATION_NOISE, validationCost } from '../../contract/validation.ts';
import type { PackedDataset } from '../../native-worker/data/dataset-file.ts';
import { randomSource } from '../../native-worker/edm2/tensors/random.ts';
import { initialSource } from '../../native-worker/edm2/training/state.ts';
import { stratifiedSigmas } from '../../native-worker/edm2/training/strata.ts';
import { randomKernels } from '../../native-worker/engine/random.ts';
import { evaluationBatch, evaluationBatches } from '../../native-worker/jobs/training/evaluation-batches.ts';
import { GraphTrainer } from '../../native-worker/jobs/training/graph-trainer.ts';
import { pictureBatch } from '../support/picture-batch.ts';

const { values: asked } = parseArgs({
  options: {
    preset: { type: 'string', default: 'demo' },
    batch: { type: 'string' },
    pictures: { type: 'string', default: '3781' },
    rounds: { type: 'string', default: '15' },
  },
});
const { config, resolution } = findPreset(asked.preset)!;
const batchSize = asked.batch === undefined ? config.training.batchSize : Number(asked.batch);
const training = { ...config.training, batchSize, microBatch: null };
const shape = { resolution, channels: 3, labelDim: 10 };
const plan = planNetwork(config.network, shape);
const size = evaluationBatch(training);
const trainer = await GraphTrainer.open(
  { plan, training, grid: { average: 0, count: 1 }, evaluated: size },
  initialSource(plan, randomSource(randomKernels, 0, 0)),
);
const batch = pictureBatch([batchSize, resolution, resolution, 3], 10);
const held = heldOutCount(Number(asked.pictures));
const networks = ['raw', ...training.sigmaRels.keys()] as const;
const dataset = {
  ...{ resolution, channels: 3, labels: Int32Array.from({ length: held }, (_, index) => index % 10) },
  readPictures: (_: ArrayLike<number>, into: Uint8Array) => into.fill(99),
} as unknown as PackedDataset;
const shown = {
  pictures: Int32Array.from({ length: held }, (_, index) => index),
  sigmas: stratifiedSigmas(held, VALIDATION_NOISE),
  purpose: 'validation',
};

/** Milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** One kind of pictures, all networks; it is done twice. */
async function validateOnce(): Promise<void> {
  for (const part of evaluationBatches(dataset, 10, shown, size)) {
    for (const network of networks) await trainer.evaluate(network, part.batch, false);
  }
}

let nimg = 0;
const steps: number[] = [];
const validations: number[] = [];
for (let round = -2; round < Number(asked.rounds); round += 1) {
  const step = await timed(async () => {
    await trainer.step(nimg, batch, false);
    nimg += batchSize;
  });
  const validation = 2 * (await timed(validateOnce));
  if (round < 0) continue; // TensorFlow plans
  steps.push(step);
  validations.push(validation);
}
const every = config.logging.validationImages;
const share = median(validations) / (median(steps) * (every / batchSize));
const said = validationCost(Number(asked.pictures), training.sigmaRels.length, every);
const ofAStep = median(validations) / (2 * held * networks.length) / (median(steps) / batchSize);
process.stdout.write(
  `${asked.preset}, batch ${batchSize}, ${held} pictures held out: evaluating a picture takes ${ofAStep.toFixed(2)} of a step's time ` +
    `on it; every ${every} images validation adds ${(100 * share).toFixed(2)} % to training; the app says ${(100 * said).toFixed(2)} %.\n`,
);
trainer.dispose();
process.exit(0);
