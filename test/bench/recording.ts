/**
 * `npm run bench:recording -- [--preset demo] [--batch N] [--rounds 15]`: what it costs to record a tick. A step that is
 * measured, whose numbers go into a library, and one that is not take turns, so that a machine that gets slower does so for
 * both; the ratio is that of images a second with and without at the preset's own interval.
 */
import { parseArgs } from 'node:util';
import { planNetwork } from '../../contract/architecture.ts';
import { median } from '../../contract/median.ts';
import { findPreset } from '../../contract/presets.ts';
import { randomSource } from '../../native-worker/edm2/tensors/random.ts';
import { initialSource } from '../../native-worker/edm2/training/state.ts';
import { randomKernels } from '../../native-worker/engine/random.ts';
import { GraphTrainer } from '../../native-worker/jobs/training/graph-trainer.ts';
import { stepDynamics } from '../../native-worker/programs/step-dynamics.ts';
import { insertDynamics } from '../../native-worker/store/dynamics.ts';
import { write } from '../../native-worker/store/statements.ts';
import { pictureBatch } from '../support/picture-batch.ts';
import { makeLibrary, makeRun } from '../support/training-library.ts';

const { values: asked } = parseArgs({
  options: {
    preset: { type: 'string', default: 'demo' },
    batch: { type: 'string' },
    rounds: { type: 'string', default: '15' },
  },
});
const { config, resolution } = findPreset(asked.preset)!;
const batchSize = asked.batch === undefined ? config.training.batchSize : Number(asked.batch);
const training = { ...config.training, batchSize };
const shape = { resolution, channels: 3, labelDim: 10 };
const plan = planNetwork(config.network, shape);
const { library, datasetId, remove } = await makeLibrary();
const runId = makeRun(library, datasetId, config);
const trainer = await GraphTrainer.open(
  { plan, training, grid: { average: 0, count: 1 } },
  initialSource(plan, randomSource(randomKernels, 0, 0)),
);
const batch = pictureBatch([batchSize, resolution, resolution, 3], 10);
let nimg = 0;

/** Milliseconds of a step, and of what is recorded of it. */
async function step(recorded: boolean): Promise<number> {
  const start = performance.now();
  const { measured } = (await trainer.step(nimg, batch, recorded))!;
  nimg += batchSize;
  if (measured !== null) {
    const dynamics = stepDynamics(plan, measured);
    write(library.db, () => {
      for (const { kind, names, numbers } of dynamics) insertDynamics(library.db, runId, kind, nimg, names, numbers);
    });
  }
  return performance.now() - start;
}

const plain: number[] = [];
const more: number[] = [];
for (let round = -2; round < Number(asked.rounds); round += 1) {
  const [without, with_] = [await step(false), await step(true)];
  if (round < 0) continue; // TensorFlow plans
  plain.push(without);
  more.push(with_ - without);
}
const steps = Math.ceil(config.logging.tickImages / batchSize);
const one = median(plain);
const ratio = (steps * one) / (steps * one + median(more));
process.stdout.write(
  `${asked.preset}, batch ${batchSize}: a step takes ${one.toFixed(0)} ms, one that is recorded ${median(more).toFixed(1)} ms more. ` +
    `With a tick every ${steps} steps training is ${ratio.toFixed(4)} times as fast as without any.\n`,
);
trainer.dispose();
remove();
process.exit(0);
