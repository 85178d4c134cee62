import { expect, test } from 'vitest';
import { countParameters, planNetwork } from '../../contract/architecture.ts';
import type { ParameterCount } from '../../contract/architecture.ts';
import { climb, descend, exponentialWidth, rungNames, rungs } from '../../contract/ladder.ts';
import type { RungName } from '../../contract/ladder.ts';
import { NetworkConfig } from '../../contract/network.ts';
import { findPreset, presets } from '../../contract/presets.ts';
import { defaultSwitches } from '../../contract/switches.ts';
import type { NetworkSwitches } from '../../contract/switches.ts';
import { RunConfig } from '../../contract/training.ts';

const latents = { resolution: 64, channels: 4, labelDim: 1000 };
const pictures = { resolution: 32, channels: 3, labelDim: 10 };

function networkOf(rung: RungName, network: Partial<NetworkConfig>): NetworkConfig {
  const { switches, moreAttention } = rungs[rung];
  const attnResolutions = [16, 8];
  if (moreAttention) attnResolutions.unshift(32);
  return NetworkConfig.parse({ attnResolutions, ...network, switches });
}

type Row = [RungName, Partial<ParameterCount>];

// Denoiser as printed in the paper's Table 1 in millions; all digits counted by hand.
test.each<Row>([
  [
    'A',
    { denoiser: 295_902_724, logvar: 0, embedding: 1_506_816, encoder: 90_300_288, decoder: 204_088_320, output: 7300 },
  ],
  [
    'B',
    {
      denoiser: 291_757_828,
      logvar: 129,
      embedding: 1_506_816,
      encoder: 88_523_904,
      decoder: 201_719_808,
      output: 7300,
    },
  ],
  [
    'C',
    {
      denoiser: 277_816_512,
      logvar: 128,
      embedding: 1_505_280,
      encoder: 83_136_960,
      decoder: 193_167_360,
      output: 6912,
    },
  ],
  [
    'D',
    {
      denoiser: 277_816_512,
      logvar: 128,
      embedding: 1_505_280,
      encoder: 83_136_960,
      decoder: 193_167_360,
      output: 6912,
    },
  ],
  [
    'E',
    {
      denoiser: 277_816_512,
      logvar: 128,
      embedding: 1_505_280,
      encoder: 83_136_960,
      decoder: 193_167_360,
      output: 6912,
    },
  ],
  [
    'F',
    { denoiser: 280_212_672, logvar: 128, embedding: 915_456, encoder: 86_122_944, decoder: 193_167_360, output: 6912 },
  ],
  [
    'G',
    { denoiser: 280_212_709, logvar: 128, embedding: 915_456, encoder: 86_122_959, decoder: 193_167_381, output: 6913 },
  ],
])('config %s at size S counts as in the paper', (rung, count) => {
  const network = networkOf(rung, { modelChannels: 192, channelMult: [1, 2, 3, 4], numBlocks: 3 });
  expect(countParameters(planNetwork(network, latents))).toMatchObject(count);
});

const tinyRows: Row[] = [
  [
    'A',
    { denoiser: 7_430_147, total: 7_430_147, embedding: 26_112, encoder: 2_150_400, decoder: 5_251_776, output: 1859 },
  ],
  [
    'B',
    { denoiser: 7_346_307, total: 7_346_436, embedding: 26_112, encoder: 2_116_864, decoder: 5_201_472, output: 1859 },
  ],
  [
    'C',
    { denoiser: 7_021_760, total: 7_021_888, embedding: 25_856, encoder: 2_001_152, decoder: 4_993_024, output: 1728 },
  ],
  [
    'D',
    { denoiser: 7_021_760, total: 7_021_888, embedding: 25_856, encoder: 2_001_152, decoder: 4_993_024, output: 1728 },
  ],
  [
    'E',
    { denoiser: 7_021_760, total: 7_021_888, embedding: 25_856, encoder: 2_001_152, decoder: 4_993_024, output: 1728 },
  ],
  [
    'F',
    { denoiser: 7_079_104, total: 7_079_232, embedding: 9472, encoder: 2_074_880, decoder: 4_993_024, output: 1728 },
  ],
  [
    'G',
    { denoiser: 7_079_126, total: 7_079_254, embedding: 9472, encoder: 2_074_888, decoder: 4_993_037, output: 1729 },
  ],
];

test.each(tinyRows)('the tiny network of config %s counts as by hand', (rung, count) => {
  const network = networkOf(rung, { modelChannels: 64, channelMult: [1, 2, 2], numBlocks: 2 });
  const plan = planNetwork(network, pictures);
  expect(countParameters(plan)).toMatchObject(count);
  const blocks = [...plan.encoder.slice(1), ...plan.decoder];
  expect(blocks.filter((block) => block.kind === 'block' && block.heads > 0)).toHaveLength(rung === 'A' ? 16 : 11);
  expect(blocks.filter((block) => block.inChannels !== block.outChannels)).toHaveLength(10);
});

// The ADM code's rule for the embedding's width, 4 · base.
test.each<[RungName, number]>([
  ['A', 8_078_851],
  ['B', 7_995_011],
  ['C', 7_375_296],
  ['D', 7_375_296],
  ['E', 7_375_296],
  ['F', 7_383_488],
  ['G', 7_383_510],
])('the tiny network of config %s with an embedding four times as wide counts as by hand', (rung, denoiser) => {
  const network = networkOf(rung, { modelChannels: 64, channelMult: [1, 2, 2], numBlocks: 2, channelMultEmb: 4 });
  expect(countParameters(planNetwork(network, pictures)).denoiser).toBe(denoiser);
});

const partsOf = (rung: RungName, block: string): Record<string, number> => {
  const network = networkOf(rung, { modelChannels: 64, channelMult: [1, 2, 2], numBlocks: 2 });
  const sizes: Record<string, number> = {};
  for (const { name, shape } of planNetwork(network, pictures).parameters) {
    if (!name.startsWith(`${block}.`)) continue;
    const part = name.slice(block.length + 1).split('.')[0]!;
    sizes[part] = (sizes[part] ?? 0) + shape.reduce((product, size) => product * size, 1);
  }
  return sizes;
};

test('two blocks count as by hand, tensor by tensor', () => {
  const encoder = 'unet.enc.16x16_block0';
  const convolutions = { conv_res0: 73_728, conv_res1: 147_456, emb_linear: 16_384, conv_skip: 8192 };
  const attention = { attn_qkv: 49_152, attn_proj: 16_384 };
  expect(partsOf('A', encoder)).toEqual({
    ...{ norm0: 128, norm1: 256, attn_norm: 256, conv_res0: 73_856, conv_res1: 147_584, emb_linear: 33_024 },
    ...{ conv_skip: 8320, attn_qkv: 49_536, attn_proj: 16_512 },
  });
  for (const rung of ['C', 'D', 'E'] as const)
    expect(partsOf(rung, encoder)).toEqual({ ...convolutions, ...attention });
  expect(partsOf('G', encoder)).toEqual({ ...convolutions, ...attention, conv_res0: 147_456, emb_gain: 1 });
  const decoder = 'unet.dec.32x32_block0';
  const plain = { conv_res0: 110_592, conv_res1: 36_864, emb_linear: 8192, conv_skip: 12_288 };
  expect(partsOf('B', decoder)).toEqual({
    ...{ norm0: 384, norm1: 128, conv_res0: 110_656, conv_res1: 36_928, emb_linear: 16_512, conv_skip: 12_352 },
  });
  for (const rung of ['C', 'F'] as const) expect(partsOf(rung, decoder)).toEqual(plain);
  expect(partsOf('G', decoder)).toEqual({ ...plain, emb_gain: 1 });
});

test('a config without switches is config G', () => {
  expect(findPreset('demo')!.config.network.switches).toEqual(rungs.G.switches);
  expect(rungs.G.switches).toEqual(defaultSwitches);
});

test('the way down from every rung leads back to where the way up began, to the digit', () => {
  for (const { config } of presets)
    for (const name of rungNames) expect(descend(climb(config, name), config)).toEqual(config);
});

test('switches that belong to no rung have no way down', () => {
  const { config } = presets[0]!;
  const switches = { ...config.network.switches, weightNorm: 'on-use' as const };
  expect(descend({ ...config, network: { ...config.network, switches } }, config)).toBeNull();
});

test('climbing to G changes nothing', () => {
  for (const { config } of presets) expect(climb(config, 'G')).toEqual(config);
});

test.each(rungNames)('every preset plans on rung %s, with data, noise, batch and duration untouched', (rung) => {
  for (const { config, resolution } of presets) {
    const climbed = climb(config, rung);
    expect(() => planNetwork(climbed.network, { resolution, channels: 3, labelDim: 9 })).not.toThrow();
    for (const held of ['batchSize', 'durationImages', 'pMean', 'pStd', 'rampUpImages', 'seed'] as const) {
      expect(climbed.training[held]).toBe(config.training[held]);
    }
  }
});

test('at size S rates, decay, betas and loss scaling are those of the paper', () => {
  const s = findPreset('s')!.config;
  for (const name of rungNames) {
    const { training } = climb(s, name);
    const { paper, decay } = rungs[name];
    expect(training.learningRate).toBeCloseTo(paper.learningRate, 12);
    expect(training.decayBatches > 0).toBe(decay);
    expect(paper.decayBatches > 0).toBe(decay);
    expect(training.adamBeta2).toBe(name === 'A' ? 0.999 : 0.99);
    expect(training.lossScaling).toBe(name < 'D' ? 100 : 1);
  }
});

test('an exponential average of 50 million images has relative width 0.0336 after 2^31, and keeps one length', () => {
  const average = { averageHalfLife: 50e6, averageRampUp: 0.05 };
  expect(exponentialWidth({ ...average, durationImages: 2 ** 31 })).toBe(0.0336);
  expect(exponentialWidth({ ...average, durationImages: 35_000 })).toBe(0.0629);
  const { config } = findPreset('demo')!;
  const two = { ...config, training: { ...config.training, averaging: 'exponential' } };
  expect(RunConfig.safeParse(two).error?.issues[0]?.message).toMatch(/one length/);
});

test.each<[string, Partial<NetworkSwitches>, RegExp]>([
  ['N(0, 1) weights without normalisation', { weightNorm: 'none' }, /weightInit to 'uniform'/],
  ['normalised weights that start at zero', { weightInit: 'uniform-zero', gains: false }, /no direction/],
  ['zero weights under zero gains', { weightNorm: 'none', weightInit: 'uniform-zero' }, /switch gains off/],
])('%s are refused with a way out', (_what, switches, sentence) => {
  const { network } = findPreset('demo')!.config;
  expect(() => planNetwork({ ...network, switches: { ...defaultSwitches, ...switches } }, pictures)).toThrow(sentence);
});

test.each<[string, Partial<NetworkSwitches>]>([
  ['G without forced normalisation', { weightNorm: 'on-use' }],
  ['G without weight normalisation', { weightNorm: 'none', weightInit: 'uniform' }],
  ['G without u(sigma)', { uncertainty: false }],
  ['G without gains', { gains: false }],
  ['G with biases', { biases: true }],
  ['G with group norms', { groupNorm: 'no-mean' }],
  ['G with positional features', { noiseFeatures: 'positional' }],
])('%s plans', (_what, switches) => {
  const { network } = findPreset('demo')!.config;
  const plan = planNetwork({ ...network, switches: { ...defaultSwitches, ...switches } }, pictures);
  expect(countParameters(plan).total).toBeGreaterThan(0);
});

test('widths that do not fall into groups are refused', () => {
  const { network } = findPreset('demo')!.config;
  const odd = { ...network, modelChannels: 36, channelsPerHead: 36, switches: rungs.C.switches };
  expect(() => planNetwork(odd, pictures)).toThrow(/groups/);
});
