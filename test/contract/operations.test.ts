import { expect, test } from 'vitest';
import { planNetwork } from '../../contract/architecture.ts';
import { rungs } from '../../contract/ladder.ts';
import type { RungName } from '../../contract/ladder.ts';
import { estimateMemory } from '../../contract/memory.ts';
import { findPreset } from '../../contract/presets.ts';
import { NetworkConfig } from '../../contract/network.ts';
import { countOperations, totalOperations } from '../../contract/operations.ts';
import type { NetworkPlan } from '../../contract/plan.ts';

const giga = 1e9;

function sizeS(rung: RungName): NetworkPlan {
  const { switches, moreAttention, clipAct } = rungs[rung];
  const network = NetworkConfig.parse({
    ...{ modelChannels: 192, channelMult: [1, 2, 3, 4], numBlocks: 3, clipAct, switches },
    attnResolutions: moreAttention ? [32, 16, 8] : [16, 8],
  });
  return planNetwork(network, { resolution: 64, channels: 4, labelDim: 1000 });
}

// The paper's Table 1, Gflops; and convolutions alone, counted by hand. (The paper counts about one operation a
// parameter more than we do, 0.28, consistent with a cast.)
test.each<[RungName, number, number]>([
  ['A', 110.4, 103.43],
  ['B', 100.4, 99.2],
  ['C', 100.3, 99.21],
  ['D', 101.2, 99.21],
  ['E', 101.2, 99.21],
  ['F', 102.1, 100.23],
  ['G', 102.2, 100.23],
])('config %s at size S takes the %f Gflops of the paper within 0.5 %', (rung, gflops, convolutions) => {
  const { byKind, total } = totalOperations(countOperations(sizeS(rung)));
  expect(Math.abs(total / giga / gflops - 1)).toBeLessThan(0.005);
  expect((byKind['convolution 3×3'] + byKind['convolution 1×1']) / giga).toBeCloseTo(convolutions, 2);
});

test('parts add up to the whole, in network order', () => {
  const plan = sizeS('G');
  const parts = countOperations(plan);
  const sum = parts.reduce((all, { kinds }) => all + Object.values(kinds).reduce((a, b) => a + b, 0), 0);
  expect(totalOperations(parts).total).toBeCloseTo(sum, -3);
  const blocks = [...plan.encoder, ...plan.decoder].map(({ name }) => name);
  expect(parts.map(({ name }) => name)).toEqual(['unet.emb', ...blocks, 'unet.out']);
});

test('a small block counts as by hand', () => {
  const network = NetworkConfig.parse({
    modelChannels: 64,
    channelMult: [1, 2, 2],
    numBlocks: 2,
    attnResolutions: [16],
  });
  const plan = planNetwork(network, { resolution: 32, channels: 3, labelDim: 0 });
  const block = countOperations(plan).find(({ name }) => name === 'unet.enc.16x16_block0')!;
  expect(block.kinds).toMatchObject({
    'convolution 3×3': 256 * 9 * (128 * 128 + 128 * 128), // both at the block's own width
    'convolution 1×1': 256 * (64 * 128 + 128 * 3 * 128 + 128 * 128), // skip, qkv, proj
    linear: 128 * 128,
    attention: 2 * 256 * 256 * 128 + 3 * 2 * 256 * 256, // logits and mixture; softmax of two heads
    weights: 3 * (2 * 9 * 128 * 128 + 128 * 128 + 64 * 128 + 4 * 128 * 128),
  });
});

// Peaks of processes with the recorded graph on a CPU, batch 64, 10 classes, float32.
test.each([
  ['demo', 8, 661e6],
  ['demo', 16, 749e6],
  ['demo', 32, 939e6],
  ['small', 8, 1146e6],
  ['small', 16, 1439e6],
  ['small', 32, 2032e6],
  ['xs', 2, 6015e6],
  ['xs', 4, 6485e6],
  ['xs', 8, 7694e6],
])(
  'the memory of preset %s in micro-batches of %i is estimated within 15 % of what was measured',
  (name, microBatch, measured) => {
    const { config, resolution } = findPreset(name)!;
    const plan = planNetwork(config.network, { resolution, channels: 3, labelDim: 10 });
    const { total } = estimateMemory(plan, { ...config.training, batchSize: 64, microBatch });
    expect(Math.abs(total / measured - 1)).toBeLessThan(0.15);
  },
);

test('activations grow with what goes through the network at once, state does not', () => {
  const of = (batchSize: number, microBatch: number | null): ReturnType<typeof estimateMemory> =>
    estimateMemory(sizeS('G'), { batchSize, microBatch, sigmaRels: [0.05, 0.1] });
  expect(of(64, 16).activations).toBe(of(16, null).activations);
  expect(of(32, null).activations).toBe(2 * of(16, null).activations);
  expect(of(32, null).moments).toBe(of(16, null).moments);
  expect(of(16, null).weights).toBe(280_212_837 * 4);
});
