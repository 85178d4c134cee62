import sharp from 'sharp';
import { expect, test } from 'vitest';
import { excessLoss } from '../../../../native-worker/jobs/toy/excess.ts';
import { ToySession } from '../../../../native-worker/jobs/toy/network.ts';
import { runToy } from '../../../../native-worker/jobs/toy/toy.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';

/** Losses of some steps of a fresh network, and what it does worse than the ideal denoiser afterwards. */
async function trained(steps: number, seed: number): Promise<{ losses: number[]; excess: number }> {
  const session = await ToySession.open(16, 64, seed);
  try {
    const losses: number[] = [];
    while (losses.length < steps) losses.push(await session.step());
    return { losses, excess: await excessLoss(session.denoiser, 64, seed) };
  } finally {
    session.close();
  }
}

test('two hundred steps bring the network nearer to the ideal denoiser, and the loss down', async () => {
  const early = await trained(2, 1);
  const late = await trained(200, 1);
  expect(late.losses.slice(0, 2)).toEqual(early.losses);
  expect(late.losses.at(-1)).toBeLessThan(0.75 * late.losses[0]!);
  expect(late.excess).toBeLessThan(0.5 * early.excess);
  expect(late.excess).toBeGreaterThan(0);
});

test('another seed gives other losses', async () => {
  expect((await trained(2, 2)).losses).not.toEqual((await trained(2, 3)).losses);
});

test('a step keeps no tensors', async () => {
  const session = await ToySession.open(8, 64, 0);
  await session.step();
  const before = tf.memory().numTensors;
  for (let step = 0; step < 5; step++) await session.step();
  expect(tf.memory().numTensors).toBe(before);
  session.close();
});

test('the whole toy gives four panels: with the main network better than its guide, and a picture of them', async () => {
  const shares: number[] = [];
  const { result, png } = await runToy({ steps: 400, seed: 0, guidance: 2 }, (share) => shares.push(share), 1024);
  const { truth, guide, main, autoguidance } = result.panels;
  expect(truth.outliers).toBeLessThan(0.03);
  expect(main.outliers).toBeLessThan(guide.outliers);
  expect(main.logDensity).toBeGreaterThan(guide.logDensity);
  expect(autoguidance.logDensity).toBeGreaterThan(main.logDensity);
  expect(result.main.steps).toBe(400);
  expect(result.guide.steps).toBe(50);
  expect(result.main.excess).toBeLessThan(result.guide.excess);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width: 2080, height: 608 });
  // Something is painted in each panel, and nothing between them.
  const dark = (left: number, right: number): number => {
    let count = 0;
    for (let y = 96; y < 576; y++) {
      for (let x = left; x < right; x++) if (data[(y * info.width + x) * info.channels]! < 200) count += 1;
    }
    return count;
  };
  for (let panel = 0; panel < 4; panel++) {
    expect(dark(32 + panel * 512, 512 + panel * 512)).toBeGreaterThan(300);
    expect(dark(panel * 512, 32 + panel * 512)).toBe(0);
  }
});
