import type { BlockPlan, NetworkPlan } from './plan.ts';

export const operationKinds = [
  'convolution 3×3',
  'convolution 1×1',
  'linear',
  'attention',
  'elementwise',
  'weights',
] as const;
export type OperationKind = (typeof operationKinds)[number];

/** What one part of a network takes for one picture; a multiply-add counts as one operation. */
export interface OperationCount {
  /** Of a block, or "unet.emb" and "unet.out". */
  readonly name: string;
  readonly kinds: Readonly<Record<OperationKind, number>>;
}

/**
 * Operations of one element in each function, as it would be written by hand: a norm is a multiply-add for the sum of
 * squares and a scaling, and so on. They are one part in three hundred of a network, so nothing depends on taste here.
 */
const SILU = 2;
const NORM = 2;
const NORM_WITH_MEAN = 4;
const SOFTMAX = 3;

/** Normalising a weight on use: sum of squares, division by the norm, factor of gain and fan-in. */
const WEIGHT_NORM = 3;

/**
 * Operations of one evaluation of the network for one picture, part by part in network order. Training takes about
 * three times as many: forward, and backward for activations and for weights.
 *
 * Weights are normalised once an evaluation, however many pictures there are in it; as in the paper's table they are
 * counted for each here.
 */
export function countOperations(plan: NetworkPlan): OperationCount[] {
  const [input, ...encoder] = plan.encoder;
  const { channels, resolution } = plan.shape;
  const pixels = resolution ** 2;
  const { groupNorm } = plan.config.switches;
  const last = plan.decoder.at(-1)!.outChannels;
  const outNorm = groupNorm === 'none' ? 0 : normOf(groupNorm) + SILU;
  return [
    part(plan, 'unet.emb_', 'unet.emb', { linear: sizes(plan, 'unet.emb_'), elementwise: embeddingElements(plan) }),
    part(plan, `${input.name}.`, input.name, { 'convolution 3×3': pixels * 9 * input.inChannels * input.outChannels }),
    ...[...encoder, ...plan.decoder].map((block) =>
      part(plan, `${block.name}.`, block.name, blockOperations(plan, block)),
    ),
    part(plan, 'unet.out_conv.', 'unet.out', {
      'convolution 3×3': pixels * 9 * last * channels,
      elementwise: outNorm * pixels * last,
    }),
  ];
}

/** Sums over parts, by kind and in all. */
export function totalOperations(parts: readonly OperationCount[]): {
  byKind: Record<OperationKind, number>;
  total: number;
} {
  const byKind = { ...none };
  for (const { kinds } of parts) for (const kind of operationKinds) byKind[kind] += kinds[kind];
  return { byKind, total: Object.values(byKind).reduce((sum, value) => sum + value, 0) };
}

const none: Record<OperationKind, number> = {
  'convolution 3×3': 0,
  'convolution 1×1': 0,
  linear: 0,
  attention: 0,
  elementwise: 0,
  weights: 0,
};

function part(
  plan: NetworkPlan,
  prefix: string,
  name: string,
  kinds: Partial<Record<OperationKind, number>>,
): OperationCount {
  const perWeight = plan.config.switches.weightNorm === 'none' ? 0 : WEIGHT_NORM;
  return { name, kinds: { ...none, ...kinds, weights: perWeight * sizes(plan, prefix) } };
}

/** Numbers in the weights whose names start so. */
function sizes({ parameters }: NetworkPlan, prefix: string): number {
  return parameters
    .filter(({ name, role }) => role === 'weight' && name.startsWith(prefix))
    .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

function blockOperations(plan: NetworkPlan, block: BlockPlan): Partial<Record<OperationKind, number>> {
  const { flavor, resample, inChannels, outChannels, heads, skipChannels } = block;
  const { groupNorm, attentionNorm, biases, fixedFunctions } = plan.config.switches;
  const { clipAct } = plan.config;
  const pixels = block.resolution ** 2;
  const scaled = fixedFunctions === 'magnitude-preserving';
  const silu = scaled ? SILU + 1 : SILU;
  const sum = scaled ? 2 : 1;
  const pixelNorms = groupNorm === 'none';
  const before = pixels * (resample === 'down' ? 4 : resample === 'up' ? 1 / 4 : 1); // pixels that enter
  const branch = flavor === 'enc' && pixelNorms ? outChannels : inChannels;

  // Pictures that both branches resample are resampled twice; repeating pixels costs nothing.
  const resampled = resample === 'down' ? before * inChannels * (pixelNorms ? 1 : 2) : 0;
  const concat = scaled && skipChannels > 0 ? before * inChannels : 0;
  const main = flavor === 'enc' && pixelNorms ? NORM * pixels * outChannels : 0;
  const first = pixelNorms ? silu * pixels * branch : (normOf(groupNorm) + silu) * before * branch;
  const second = ((pixelNorms ? 0 : normOf(groupNorm)) + 1 + silu) * pixels * outChannels;
  const added = biases ? 2 * pixels * outChannels : 0;
  const ends = (sum + (clipAct === null ? 0 : 1)) * pixels * outChannels;

  const attends = heads > 0;
  const logits = heads * pixels ** 2;
  const vectors = attentionNorm === 'cosine' ? NORM * 3 : NORM_WITH_MEAN;
  return {
    'convolution 3×3': pixels * 9 * (branch + outChannels) * outChannels,
    'convolution 1×1':
      (inChannels === outChannels ? 0 : pixels * inChannels * outChannels) +
      (attends ? pixels * 4 * outChannels * outChannels : 0),
    linear: plan.embChannels * outChannels * (biases ? 2 : 1),
    attention: attends ? 2 * pixels ** 2 * outChannels + SOFTMAX * logits : 0,
    elementwise:
      resampled +
      concat +
      main +
      first +
      second +
      added +
      ends +
      (attends ? (vectors + 1 + sum) * pixels * outChannels : 0),
  };
}

function normOf(groupNorm: 'standard' | 'no-mean' | 'none'): number {
  return groupNorm === 'standard' ? NORM_WITH_MEAN : NORM;
}

/** Features, sum and activations of the embedding. */
function embeddingElements({ noiseChannels, embChannels, config }: NetworkPlan): number {
  return 2 * noiseChannels + embChannels * (1 + SILU * config.switches.embeddingLayers);
}
