/**
 * `npm run bench:feeding`: how long JavaScript stands still when a step begins: until what it is fed with, 128 pictures of
 * 64×64, lies in TensorFlow's memory and the step computes on threads of its own.
 */
import { planNetwork } from '../../contract/architecture.ts';
import { findPreset } from '../../contract/presets.ts';
import { median } from '../../contract/median.ts';
import { initialSource } from '../../native-worker/edm2/training/state.ts';
import { randomSource } from '../../native-worker/edm2/tensors/random.ts';
import { randomKernels } from '../../native-worker/engine/random.ts';
import { GraphTrainer } from '../../native-worker/jobs/training/graph-trainer.ts';
import { pictureBatch } from '../support/picture-batch.ts';

const BATCH = 128;
const ROUNDS = 20;

const { network, training } = findPreset('demo')!.config;
const plan = planNetwork(
  { ...network, modelChannels: 8, channelMult: [1, 1], attnResolutions: [], channelsPerHead: 8 },
  { resolution: 64, channels: 3, labelDim: 10 },
);
const trainer = await GraphTrainer.open(
  { plan, training: { ...training, batchSize: BATCH }, grid: { average: 0, count: 1 } },
  initialSource(plan, randomSource(randomKernels, 0, 0)),
);
const batch = pictureBatch([BATCH, 64, 64, 3], 10);
const still: number[] = [];
const whole: number[] = [];
for (let round = -2; round < ROUNDS; round += 1) {
  const start = performance.now();
  const step = trainer.step(0, batch, false);
  const begun = performance.now();
  await step;
  if (round < 0) continue; // TensorFlow plans
  still.push(begun - start);
  whole.push(performance.now() - start);
}
const words = (values: readonly number[]): string =>
  `${median(values).toFixed(2)} ms (${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)})`;
process.stdout.write(`JavaScript stands still for ${words(still)} of a step of ${words(whole)}.\n`);
process.exit(0);
