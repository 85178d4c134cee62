import { expect, test } from 'vitest';
import { blockNames, countParameters, planNetwork, weightNames } from '../../contract/architecture.ts';
import { AppError } from '../../contract/errors.ts';
import { NetworkConfig } from '../../contract/network.ts';
import type { DataShape } from '../../contract/network.ts';
import { findPreset } from '../../contract/presets.ts';

const latents: DataShape = { resolution: 64, channels: 4, labelDim: 1000 };
const emoji: DataShape = { resolution: 32, channels: 3, labelDim: 9 };

function paperNetwork(modelChannels: number): NetworkConfig {
  return NetworkConfig.parse({ modelChannels, channelMult: [1, 2, 3, 4], numBlocks: 3, attnResolutions: [16, 8] });
}

const tiny = NetworkConfig.parse({ modelChannels: 64, channelMult: [1, 2, 2], numBlocks: 2, attnResolutions: [16, 8] });

// The paper's Table 2 prints these in millions; all digits are from counting by hand (config G, 64×64×4, 1000 classes).
test.each([
  ['XS', 128, 124_713_125],
  ['S', 192, 280_212_709],
  ['M', 256, 497_807_653],
  ['L', 320, 777_497_957],
  ['XL', 384, 1_119_283_621],
  ['XXL', 448, 1_523_164_645],
])('size %s has the parameters of the paper', (_size, channels, denoiser) => {
  const count = countParameters(planNetwork(paperNetwork(channels), latents));
  expect(count).toMatchObject({ denoiser, logvar: 128, total: denoiser + 128 });
});

test('size S splits into embedding, encoder, decoder and output as counted by hand', () => {
  expect(countParameters(planNetwork(paperNetwork(192), latents))).toMatchObject({
    embedding: 915_456,
    encoder: 86_122_959,
    decoder: 193_167_381,
    output: 6913,
  });
});

test('an unconditional network has no class embedding', () => {
  const plan = planNetwork(paperNetwork(128), { ...latents, labelDim: 0 });
  expect(countParameters(plan).denoiser).toBe(124_201_125);
  expect(plan.parameters.map(({ name }) => name)).not.toContain('unet.emb_label.weight');
});

test('the tiny network counts 7,079,126 and has 21 blocks, 11 with attention and 10 with a 1×1 skip', () => {
  const plan = planNetwork(tiny, { resolution: 32, channels: 3, labelDim: 10 });
  expect(countParameters(plan)).toMatchObject({
    denoiser: 7_079_126,
    embedding: 9472,
    encoder: 2_074_888,
    decoder: 4_993_037,
    output: 1729,
  });
  const blocks = [...plan.encoder.slice(1), ...plan.decoder];
  expect(blocks).toHaveLength(21);
  expect(blocks.filter((block) => block.kind === 'block' && block.heads > 0)).toHaveLength(11);
  expect(blocks.filter((block) => block.inChannels !== block.outChannels)).toHaveLength(10);
});

test('size S feeds the decoder the widths of the paper', () => {
  const { decoder } = planNetwork(paperNetwork(192), latents);
  expect(decoder.map(({ inChannels }) => inChannels)).toEqual([
    ...[768, 768, 1536, 1536, 1536, 1344],
    ...[768, 1344, 1152, 1152, 960],
    ...[576, 960, 768, 768, 576],
    ...[384, 576, 384, 384, 384],
  ]);
});

test('in0 has attention although its resolution is not listed; up, down and in1 never do', () => {
  const plan = planNetwork({ ...tiny, attnResolutions: [] }, emoji);
  const withAttention = [...plan.encoder, ...plan.decoder].filter((block) => block.kind === 'block' && block.heads > 0);
  expect(withAttention.map(({ name }) => name)).toEqual(['unet.dec.8x8_in0']);
});

test('noise features follow the first multiplier and the embedding the largest, unless set', () => {
  const network = NetworkConfig.parse({
    modelChannels: 16,
    channelMult: [2, 4, 3],
    numBlocks: 1,
    attnResolutions: [],
    channelsPerHead: 16,
  });
  expect(planNetwork(network, emoji)).toMatchObject({ noiseChannels: 32, embChannels: 64 });
  expect(planNetwork({ ...network, channelMultNoise: 1, channelMultEmb: 5 }, emoji)).toMatchObject({
    noiseChannels: 16,
    embChannels: 80,
  });
});

test('the demo network plans', () => {
  const plan = planNetwork(findPreset('demo')!.config.network, emoji);
  expect(blockNames(plan)[0]).toBe('unet.enc.32x32_conv');
  expect(weightNames(plan)).toContain('unet.enc.32x32_block0.conv_res0');
  expect(weightNames(plan)).not.toContain('unet.out_gain');
});

test.each<[string, Partial<NetworkConfig>, Partial<DataShape>, RegExp]>([
  ['a picture that cannot be halved twice', {}, { resolution: 30 }, /multiple of 4/],
  ['attention narrower than one head', { modelChannels: 16 }, {}, /set channelsPerHead to 32 or less/],
  ['attention that can be left out', { modelChannels: 32 }, { resolution: 8 }, /leave 8 out of attnResolutions, set/],
  [
    'attention that can not',
    { modelChannels: 16, attnResolutions: [] },
    { resolution: 8 },
    /32 channels; set channels/,
  ],
  ['heads that do not divide the width', { modelChannels: 65, channelsPerHead: 40 }, {}, /130 channels into 3 heads/],
])('%s is refused with a sentence that says what to do', (_what, network, shape, sentence) => {
  const plan = (): unknown => planNetwork({ ...tiny, ...network }, { ...emoji, ...shape });
  expect(plan).toThrow(AppError);
  expect(plan).toThrow(sentence);
});
