import { describe, expect, test } from 'vitest';
import { rungNames, rungs } from '../../../contract/ladder.ts';
import type { Precision } from '../../../contract/precision.ts';
import { SamplerConfig, type Engine } from '../../../contract/training.ts';
import { samplerSigmas, samplerSteps } from '../../../native-worker/edm2/sampling/sampler.ts';
import { oneHot } from '../../../native-worker/edm2/tensors/layout.ts';
import { decodePixels } from '../../../native-worker/edm2/tensors/pixels.ts';
import type { Network } from '../../../native-worker/edm2/network/network.ts';
import { tf } from '../../../native-worker/engine/tensorflow.ts';
import { networkSampler, type GuidedNetwork } from '../../../native-worker/programs/network-sampler.ts';
import { normal, tinyNetwork, tinyPlan, type Tensor4D } from '../edm2/support.ts';

const deterministic = SamplerConfig.parse({ steps: 6 });
const stochastic = SamplerConfig.parse({ steps: 6, churn: { amount: 3, max: 40, noise: 1.003 } });

/** Five pictures of four classes, in batches of at most `count`. */
async function draw(
  engine: Engine,
  networks: GuidedNetwork,
  count: number,
  settings: SamplerConfig,
  precision: Precision = 'fp32',
  devices = 1,
): Promise<Tensor4D> {
  const { labelDim } = networks.main.plan.shape;
  const sampler = await networkSampler(engine, networks, count, precision, devices);
  const noise = (purpose: number, first: number): Tensor4D =>
    tf.tidy(() => tf.slice(normal([5, 8, 8, 3], purpose) as Tensor4D, first, Math.min(count, 5 - first)));
  const parts: Tensor4D[] = [];
  for (let first = 0; first < 5; first += count) {
    const labels = oneHot([0, 1, 2, 3, 0].slice(first, first + count), labelDim);
    await sampler.begin(noise(1, first), samplerSigmas(settings)[0]!, labels);
    for (const [index, { added, stages }] of samplerSteps(settings).entries()) {
      if (added > 0) await sampler.addNoise(noise(100 + index, first), added);
      for (const stage of stages) await sampler.runStage(stage);
    }
    parts.push(await sampler.pictures());
  }
  sampler.dispose();
  return tf.concat(parts);
}

function largestDifference(a: Tensor4D, b: Tensor4D): number {
  return tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;
}

/** Every weight away from its start, where some are 0. */
function stirred(network: Network): Network {
  const parameters = Object.fromEntries(
    Object.entries(network.parameters).map(([name, value], index) => [
      name,
      tf.add(value, normal(value.shape, 200 + index, 0.1)),
    ]),
  );
  return { ...network, parameters };
}

const main = tinyNetwork();
const alone: GuidedNetwork = { main, guide: null };
/** Smaller, and without classes. */
const unconditional = tinyNetwork(tinyPlan({ modelChannels: 4, channelsPerHead: 4 }, { labelDim: 0 }), 2);
const guided: GuidedNetwork = { main, guide: { network: unconditional, strength: 1.8 } };

describe('sampling by a recorded graph', () => {
  test.each(rungNames)('gives the pictures of sampling op by op in config %s', async (rung) => {
    const network = stirred(tinyNetwork(tinyPlan({ switches: rungs[rung].switches })));
    const alone = { main: network, guide: null };
    const graph = await draw('graph', alone, 5, deterministic);
    const eager = await draw('eager', alone, 5, deterministic);
    const scale = tf.max(tf.abs(eager)).dataSync()[0]!;
    expect(largestDifference(graph, eager) / Math.max(1, scale)).toBeLessThan(1e-4); // float32 over 11 evaluations
  });

  test.each([
    ['churn', alone, stochastic],
    ['a guide without classes', guided, deterministic],
    [
      'a guide with the same classes, and churn',
      { main, guide: { network: tinyNetwork(undefined, 7), strength: 2.1 } },
      stochastic,
    ],
  ])('gives the pictures of sampling op by op with %s', async (_, networks, settings) => {
    const graph = decodePixels(await draw('graph', networks, 5, settings));
    const eager = decodePixels(await draw('eager', networks, 5, settings));
    expect(largestDifference(graph, eager)).toBeLessThanOrEqual(1);
  });

  test.each([
    [5, 2, 'a batch of which the last device has one less'],
    [3, 3, 'two batches, the second of which leaves a device without'],
  ])('draws %i at once the same on %i devices: %s', async (count, devices) => {
    const shared = await draw('graph', guided, count, stochastic, 'fp32', devices);
    const alone = await draw('graph', guided, count, stochastic);
    expect(largestDifference(shared, alone) / tf.max(tf.abs(alone)).dataSync()[0]!).toBeLessThan(1e-4);
  });

  test('draws nearly the same in bfloat16, and refuses it op by op', async () => {
    const full = await draw('graph', guided, 5, deterministic);
    const reduced = await draw('graph', guided, 5, deterministic, 'bf16');
    const difference = largestDifference(reduced, full);
    expect(difference).toBeGreaterThan(1e-4); // it really is another precision
    expect(difference / tf.max(tf.abs(full)).dataSync()[0]!).toBeLessThan(0.1); // 8 bits, over 11 evaluations
    await expect(draw('eager', guided, 5, deterministic, 'bf16')).rejects.toThrow(/only float32/);
  });

  test('draws halves of a batch side by side, and fills up the last batch', async () => {
    const sampler = await networkSampler('graph', guided, 4);
    expect(sampler).toHaveProperty('sides', 2);
    sampler.dispose();
    const halves = await draw('graph', guided, 4, stochastic);
    expect(largestDifference(halves, await draw('eager', guided, 5, stochastic))).toBeLessThan(1e-4);
  });

  test('gives the same numbers each time', async () => {
    expect(
      largestDifference(await draw('graph', guided, 5, stochastic), await draw('graph', guided, 5, stochastic)),
    ).toBe(0);
  });

  test.each(['graph', 'eager'] as const)('gives the same pixels whatever the batch size (%s)', async (engine) => {
    const whole = decodePixels(await draw(engine, guided, 5, stochastic));
    for (const count of [1, 2, 3]) {
      expect(largestDifference(decodePixels(await draw(engine, guided, count, stochastic)), whole)).toBeLessThanOrEqual(
        1,
      );
    }
  });

  test('leaves no tensors behind', async () => {
    const before = tf.memory().numTensors;
    const sampler = await networkSampler('graph', guided, 5);
    sampler.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('guidance changes the pictures, and strength 1 leaves them as without a guide', async () => {
    const plain = await draw('graph', alone, 5, deterministic);
    expect(largestDifference(await draw('graph', guided, 5, deterministic), plain)).toBeGreaterThan(0.01);
    const off: GuidedNetwork = { main, guide: { network: unconditional, strength: 1 } };
    expect(largestDifference(await draw('graph', off, 5, deterministic), plain)).toBeLessThan(1e-6);
  });
});
