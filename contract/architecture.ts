import { AppError } from './errors.ts';
import type { DataShape, NetworkConfig } from './network.ts';
import { networkBuffers, networkParameters } from './parameters.ts';
import type { BlockPlan, ConvPlan, NetworkPlan } from './plan.ts';
import { checkSwitches } from './switch-rules.ts';

export type { BlockPlan, NetworkPlan } from './plan.ts';

/**
 * Lays the network out.
 *
 * @param config the network's settings
 * @param shape  what the data decides: resolution, channels, classes
 * @throws {AppError} 'invalid-input' if no such network exists: a resolution that can't be halved often enough, blocks
 *   with attention that would get no whole head, widths that do not fall into groups, or switches that exclude each other
 */
export function planNetwork(config: NetworkConfig, shape: DataShape): NetworkPlan {
  checkSwitches(config.switches);
  checkResolution(config, shape);
  const widths = config.channelMult.map((multiplier) => config.modelChannels * multiplier);
  const noiseChannels = config.modelChannels * (config.channelMultNoise ?? config.channelMult[0]!);
  const embChannels = config.modelChannels * (config.channelMultEmb ?? Math.max(...config.channelMult));
  checkNoiseFeatures(config, noiseChannels);
  const encoder = planEncoder(config, shape, widths);
  const decoder = planDecoder(config, shape, widths, encoder);
  checkGroups(config, [...encoder.slice(1), ...decoder]);
  const layout = { config, shape, encoder, decoder, noiseChannels, embChannels };
  return { ...layout, parameters: networkParameters(layout), buffers: networkBuffers(layout) };
}

/** Trainable numbers of a network, by part. `denoiser` is everything but u(sigma); `total` is both. */
export interface ParameterCount {
  readonly embedding: number;
  readonly encoder: number;
  readonly decoder: number;
  readonly output: number;
  readonly denoiser: number;
  readonly logvar: number;
  readonly total: number;
}

export function countParameters(plan: NetworkPlan): ParameterCount {
  const count = (...prefixes: string[]): number =>
    plan.parameters
      .filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)))
      .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  const embedding = count('unet.emb_');
  const encoder = count('unet.enc.');
  const decoder = count('unet.dec.');
  const output = count('unet.out_');
  const logvar = count('logvar_');
  const denoiser = embedding + encoder + decoder + output;
  return { embedding, encoder, decoder, output, denoiser, logvar, total: denoiser + logvar };
}

/** Names of what has a magnitude, in network order: the input convolution and every block. */
export function blockNames(plan: NetworkPlan): string[] {
  return [...plan.encoder, ...plan.decoder].map(({ name }) => name);
}

/** Names of the stored weights, gains left out, in the order of `plan.parameters` and without ".weight". */
export function weightNames(plan: NetworkPlan): string[] {
  return plan.parameters.filter(({ role }) => role === 'weight').map(({ name }) => name.replace(/\.weight$/, ''));
}

/** Names of the blocks with attention, in network order. */
export function attentionNames({ encoder, decoder }: NetworkPlan): string[] {
  return [...encoder, ...decoder].flatMap((part) => (part.kind === 'block' && part.heads > 0 ? [part.name] : []));
}

/** Names of the learned scalars of G, in the order of `plan.parameters`; none in A to F. */
export function gainNames(plan: NetworkPlan): string[] {
  return plan.parameters.filter(({ role }) => role === 'gain').map(({ name }) => name);
}

/** Layers that the paper looks at together: those of encoder or decoder blocks of one resolution. */
export interface Bucket {
  /** "Enc 32×32". */
  readonly name: string;
  /** As of `weightNames`. */
  readonly layers: readonly string[];
}

/**
 * The paper's buckets, in network order. Input and output convolutions and the embedding belong to none.
 *
 * Source: arXiv:2312.02696, App. A.6.
 */
export function bucketsOf(plan: NetworkPlan): Bucket[] {
  const buckets = new Map<string, string[]>();
  const weights = weightNames(plan);
  for (const part of [...plan.encoder, ...plan.decoder]) {
    if (part.kind === 'conv') continue;
    const name = `${part.flavor === 'enc' ? 'Enc' : 'Dec'} ${part.resolution}×${part.resolution}`;
    const layers = weights.filter((layer) => layer.startsWith(`${part.name}.`));
    buckets.set(name, [...(buckets.get(name) ?? []), ...layers]);
  }
  return [...buckets].map(([name, layers]) => ({ name, layers }));
}

function planEncoder(config: NetworkConfig, shape: DataShape, widths: readonly number[]): [ConvPlan, ...BlockPlan[]] {
  const input: ConvPlan = {
    kind: 'conv',
    name: `unet.enc.${size(shape.resolution)}_conv`,
    resolution: shape.resolution,
    // One more than the picture has, where a channel of ones stands in for biases.
    inChannels: shape.channels + (config.switches.biases ? 0 : 1),
    outChannels: widths[0]!,
  };
  const blocks: BlockPlan[] = [];
  let current = input.outChannels;
  for (const [level, width] of widths.entries()) {
    const resolution = shape.resolution / 2 ** level;
    const add = (name: string, outChannels: number, resample: 'keep' | 'down', attention: boolean): void => {
      blocks.push({
        kind: 'block',
        name: `unet.enc.${size(resolution)}_${name}`,
        flavor: 'enc',
        resolution,
        inChannels: current,
        outChannels,
        skipChannels: 0,
        resample,
        heads: attention ? headsOf(config, outChannels, resolution, level === widths.length - 1) : 0,
      });
      current = outChannels;
    };
    if (level > 0) add('down', current, 'down', false);
    for (let index = 0; index < config.numBlocks; index++) {
      add(`block${index}`, width, 'keep', config.attnResolutions.includes(resolution));
    }
  }
  return [input, ...blocks];
}

function planDecoder(
  config: NetworkConfig,
  shape: DataShape,
  widths: readonly number[],
  encoder: readonly (ConvPlan | BlockPlan)[],
): BlockPlan[] {
  const blocks: BlockPlan[] = [];
  // Every encoder output is a skip connection, those of the input convolution and of `down` included.
  const skips = encoder.map(({ outChannels }) => outChannels);
  let current = widths.at(-1)!;
  for (const [level, width] of [...widths.entries()].reverse()) {
    const resolution = shape.resolution / 2 ** level;
    const add = (
      name: string,
      outChannels: number,
      skipChannels: number,
      resample: 'keep' | 'up',
      attention: boolean,
    ): void => {
      blocks.push({
        kind: 'block',
        name: `unet.dec.${size(resolution)}_${name}`,
        flavor: 'dec',
        resolution,
        inChannels: current + skipChannels,
        outChannels,
        skipChannels,
        resample,
        heads: attention ? headsOf(config, outChannels, resolution, level === widths.length - 1) : 0,
      });
      current = outChannels;
    };
    if (level === widths.length - 1) {
      add('in0', current, 0, 'keep', true);
      add('in1', current, 0, 'keep', false);
    } else {
      add('up', current, 0, 'up', false);
    }
    for (let index = 0; index <= config.numBlocks; index++) {
      add(`block${index}`, width, skips.pop()!, 'keep', config.attnResolutions.includes(resolution));
    }
  }
  return blocks;
}

function checkResolution(config: NetworkConfig, shape: DataShape): void {
  const halvings = config.channelMult.length - 1;
  if (shape.resolution % 2 ** halvings !== 0) {
    throw new AppError(
      'invalid-input',
      `A network of ${halvings + 1} levels halves the picture ${halvings} times, which ${size(shape.resolution)} pixels ` +
        `do not allow; choose fewer levels (channelMult) or a resolution that is a multiple of ${2 ** halvings}.`,
    );
  }
}

/**
 * The official code would silently leave attention out where a block is narrower than one head; we refuse.
 *
 * @param lowest whether it is the lowest resolution, where attention can't be left out
 */
function headsOf(config: NetworkConfig, width: number, resolution: number, lowest: boolean): number {
  const where = `${resolution}×${resolution}`;
  const heads = Math.floor(width / config.channelsPerHead);
  if (heads === 0) {
    const without = lowest ? '' : `leave ${resolution} out of attnResolutions, `;
    throw new AppError(
      'invalid-input',
      `Attention at ${where} needs ${config.channelsPerHead} channels a head, but its blocks have ${width} channels; ` +
        `${without}set channelsPerHead to ${width} or less, or make the network wider.`,
    );
  }
  if (width % heads !== 0) {
    throw new AppError(
      'invalid-input',
      `Attention at ${where} would split ${width} channels into ${heads} heads, which does not come out even; ` +
        `set channelsPerHead to a divisor of ${width}.`,
    );
  }
  return heads;
}

/** Positional features are half cosines, half sines. */
function checkNoiseFeatures({ switches }: NetworkConfig, noiseChannels: number): void {
  if (switches.noiseFeatures === 'positional' && noiseChannels % 2 !== 0) {
    throw new AppError(
      'invalid-input',
      `Positional noise features come in pairs, but there are ${noiseChannels}; make modelChannels even.`,
    );
  }
}

function checkGroups({ switches }: NetworkConfig, blocks: readonly (ConvPlan | BlockPlan)[]): void {
  if (switches.groupNorm === 'none' && switches.attentionNorm !== 'group') return;
  for (const { name, inChannels, outChannels } of blocks) {
    for (const width of [inChannels, outChannels]) {
      if (width % groupCount(width) !== 0) {
        throw new AppError(
          'invalid-input',
          `Group normalisation would split the ${width} channels of ${name} into ${groupCount(width)} groups, which does ` +
            `not come out even; make modelChannels a multiple of 32, or of 4 up to 64 channels in all blocks.`,
        );
      }
    }
  }
}

/**
 * Groups of a group norm: 32, but at least 4 channels each. (The paper's text says groups of 32 channels; only this
 * gives the parameter counts of its Table 1.)
 */
export function groupCount(width: number): number {
  return Math.max(1, Math.min(32, Math.floor(width / 4)));
}

function size(resolution: number): string {
  return `${resolution}x${resolution}`;
}
