import { expect, test } from 'vitest';
import { planNetwork, type NetworkPlan } from '../../../../contract/architecture.ts';
import { climb, type RungName } from '../../../../contract/ladder.ts';
import { findPreset } from '../../../../contract/presets.ts';
import { RunConfig } from '../../../../contract/training.ts';
import { initialSource } from '../../../../native-worker/edm2/training/state.ts';
import { randomSource } from '../../../../native-worker/edm2/tensors/random.ts';
import { randomKernels } from '../../../../native-worker/engine/random.ts';
import type { PictureBatch } from '../../../../native-worker/jobs/training/batch.ts';
import { GraphTrainer } from '../../../../native-worker/jobs/training/graph-trainer.ts';
import { stepDynamics } from '../../../../native-worker/programs/step-dynamics.ts';
import { stateOf } from '../../../support/state-of.ts';
import { pictureBatch } from '../../../support/picture-batch.ts';

const demo = findPreset('demo')!.config;
const small = RunConfig.parse({
  ...demo,
  network: {
    ...demo.network,
    ...{ modelChannels: 8, channelMult: [1, 2], numBlocks: 1, attnResolutions: [4], channelsPerHead: 8 },
  },
  training: { ...demo.training, batchSize: 8, rampUpImages: 0, horizontalFlips: true },
});

function planOf(rung: RungName): NetworkPlan {
  return planNetwork(climb(small, rung).network, { resolution: 8, channels: 3, labelDim: 4 });
}

/** A trainer of a tiny network on a rung, as it starts with a seed. */
function trainerOf(rung: RungName, seed = 1, learningRate?: number): Promise<GraphTrainer> {
  const { training: climbed } = climb(small, rung);
  const training = { ...climbed, seed, ...(learningRate === undefined ? {} : { learningRate }) };
  const plan = planOf(rung);
  const start = initialSource(plan, randomSource(randomKernels, seed, 0));
  return GraphTrainer.open({ plan, training, grid: { average: 0, count: 4 } }, start);
}

const batchAt = (nimg: number): PictureBatch => pictureBatch([8, 8, 8, 3], 4, nimg);

/** Weight magnitudes of each layer at the first and the last of some steps. */
async function weightsOver(rung: RungName, steps: number): Promise<{ first: number[]; last: number[] }> {
  // Config C's own rate would take tens of thousands of steps to show it; at G's both take the same steps.
  const trainer = await trainerOf(rung, 1, 0.01);
  const at: number[][] = [];
  for (let k = 0; k < steps; k++) {
    const step = await trainer.step(8 * k, batchAt(8 * k), true);
    const weights = stepDynamics(planOf(rung), step!.measured!).find(({ kind }) => kind === 'weight')!;
    at.push([...weights.numbers]);
  }
  trainer.dispose();
  return { first: at[0]!, last: at.at(-1)! };
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

test("config C's weights grow in 60 steps, G's stay within a thousandth of their start", async () => {
  const c = await weightsOver('C', 60);
  expect(meanOf(c.last)).toBeGreaterThan(1.05 * meanOf(c.first));
  const grown = c.last.filter((value, layer) => value > c.first[layer]!).length;
  expect(grown).toBeGreaterThan(0.8 * c.last.length);
  const g = await weightsOver('G', 60);
  for (const [layer, value] of g.last.entries()) expect(Math.abs(value / g.first[layer]! - 1)).toBeLessThan(1e-3);
});

test('a recorded step is a function of state, batch, seed and nimg, to the last bit', async () => {
  /** The whole state after two steps that start at `nimg`. */
  const after = async (nimg: number, seed: number): Promise<Record<string, readonly number[]>> => {
    const trainer = await trainerOf('G', seed);
    for (const at of [nimg, nimg + 8]) await trainer.step(at, batchAt(0), false);
    const state = await stateOf(trainer, planOf('G'), small.training.sigmaRels.length);
    trainer.dispose();
    return state;
  };
  const first = await after(64, 1);
  expect(await after(64, 1)).toEqual(first);
  expect(await after(72, 1)).not.toEqual(first);
  expect(await after(64, 2)).not.toEqual(first);
});
