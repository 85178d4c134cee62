import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { planNetwork } from '../../../../contract/architecture.ts';
import type { TrainingConfig } from '../../../../contract/training.ts';
import { initialSource } from '../../../../native-worker/edm2/training/state.ts';
import { randomSource } from '../../../../native-worker/edm2/tensors/random.ts';
import { randomKernels } from '../../../../native-worker/engine/random.ts';
import { GraphTrainer } from '../../../../native-worker/jobs/training/graph-trainer.ts';
import { programKey } from '../../../../native-worker/jobs/training/program-key.ts';
import { pictureBatch } from '../../../support/picture-batch.ts';
import { tinyConfig } from '../../../support/training-library.ts';

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'edm2-cache-'));
  vi.stubEnv('EDM2_CACHE', cache);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

const { network, training } = tinyConfig();
const plan = planNetwork(network, { resolution: 8, channels: 3, labelDim: 2 });

/** Losses of three steps from a fixed start. */
async function losses(change: Partial<TrainingConfig>): Promise<number[]> {
  const config = { ...training, rampUpImages: 0, ...change };
  const random = randomSource(randomKernels, 1, 0);
  const trainer = await GraphTrainer.open(
    { plan, training: config, grid: { average: 0, count: 4 } },
    initialSource(plan, random),
  );
  const batch = pictureBatch([4, 8, 8, 3], 2);
  const found: number[] = [];
  for (const nimg of [0, 4, 8]) found.push(...(await trainer.step(nimg, batch, false))!.perImage.loss);
  trainer.dispose();
  return found;
}
const programs = (): number => readdirSync(join(cache, 'graphs')).length;

test('a second start of the same run uses the recorded program, and its numbers are the same', async () => {
  const first = await losses({});
  expect(await losses({})).toEqual(first);
  expect(programs()).toBe(1);
});

test('a run that differs in what is fed shares the program, and still gets its own numbers', async () => {
  const first = await losses({});
  const faster = await losses({ learningRate: training.learningRate * 3 });
  const other = await losses({ seed: training.seed + 1 });
  expect(programs()).toBe(1);
  expect(faster).not.toEqual(first);
  expect(other).not.toEqual(first);
  rmSync(join(cache, 'graphs'), { recursive: true });
  expect(await losses({ learningRate: training.learningRate * 3 })).toEqual(faster); // recorded for itself alone
});

test('a run that differs in what is recorded has a program of its own', async () => {
  await losses({});
  await losses({ adamBeta1: 0.8 });
  await losses({ sigmaRels: [0.1] });
  expect(programs()).toBe(3);
});

test('the key changes with what is asked for', () => {
  expect(programKey({ a: 1 })).toBe(programKey({ a: 1 }));
  expect(programKey({ a: 1 })).not.toBe(programKey({ a: 2 }));
});
