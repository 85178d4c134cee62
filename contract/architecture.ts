import { AppError } from './errors.ts';
import type { DataShape, NetworkConfig } from './network.ts';

/**
 * The network on paper: which blocks there are, in which order, and the name and shape of every tensor, without any
 * tensor existing. Names and shapes are those of the official state dict (filters OIHW, linear weights [out, in],
 * gains []), so that weights can be exchanged. Wiring: arXiv 2312.02696, Fig. 21.
 */
export interface NetworkPlan {
  readonly config: NetworkConfig;
  readonly shape: DataShape;
  /** Encoder first, both in network order. The first entry is the input convolution. */
  readonly encoder: readonly [ConvPlan, ...BlockPlan[]];
  readonly decoder: readonly BlockPlan[];
  /** Trainable tensors, u(sigma) included, in the order of the state dict. */
  readonly parameters: readonly ParameterPlan[];
  /** Fixed random frequencies and phases of the Fourier features; saved, never trained. */
  readonly buffers: readonly BufferPlan[];
  /** Fourier features of c_noise. */
  readonly noiseChannels: number;
  /** Width of the embedding that conditions every block. */
  readonly embChannels: number;
}

/** The input convolution, 3×3. */
export interface ConvPlan {
  readonly kind: 'conv';
  /** "unet.enc.64x64_conv" */
  readonly name: string;
  readonly resolution: number;
  readonly inChannels: number;
  readonly outChannels: number;
}

export interface BlockPlan {
  readonly kind: 'block';
  /** "unet.dec.8x8_in0" */
  readonly name: string;
  readonly flavor: 'enc' | 'dec';
  /** Width and height of the block's output in pixels: the number in its name. */
  readonly resolution: number;
  /** Channels that enter, those of the skip connection included. */
  readonly inChannels: number;
  readonly outChannels: number;
  /** Channels of `inChannels` that come from a skip connection, which stand last; 0: the block takes none. */
  readonly skipChannels: number;
  readonly resample: 'keep' | 'down' | 'up';
  /** Attention heads; 0: no attention. */
  readonly heads: number;
}

export interface ParameterPlan {
  readonly name: string;
  /** The official shape. */
  readonly shape: readonly number[];
  /** Gains are scalars that start at 0 and are never normalised; weights have one output unit per row of axis 0. */
  readonly role: 'weight' | 'gain';
}

export interface BufferPlan {
  readonly name: string;
  readonly shape: readonly [number];
  /** Frequencies are 2π·N(0, 1), phases 2π·U(0, 1). */
  readonly role: 'frequencies' | 'phases';
}

/**
 * Lays the network out.
 *
 * @param config the network's settings
 * @param shape  what the data decides: resolution, channels, classes
 * @throws {AppError} 'invalid-input' if no such network exists: a resolution that can't be halved often enough, or
 *   blocks with attention that would get no whole head
 */
export function planNetwork(config: NetworkConfig, shape: DataShape): NetworkPlan {
  checkResolution(config, shape);
  const widths = config.channelMult.map((multiplier) => config.modelChannels * multiplier);
  const noiseChannels = config.modelChannels * (config.channelMultNoise ?? config.channelMult[0]!);
  const embChannels = config.modelChannels * (config.channelMultEmb ?? Math.max(...config.channelMult));
  const encoder = planEncoder(config, shape, widths);
  const decoder = planDecoder(config, shape, widths, encoder);
  const weight = (name: string, ...dims: number[]): ParameterPlan => ({
    name: `${name}.weight`,
    shape: dims,
    role: 'weight',
  });
  const [input, ...blocks] = encoder;
  const parameters: ParameterPlan[] = [
    { name: 'unet.out_gain', shape: [], role: 'gain' },
    weight('unet.emb_noise', embChannels, noiseChannels),
    ...(shape.labelDim > 0 ? [weight('unet.emb_label', embChannels, shape.labelDim)] : []),
    weight(input.name, input.outChannels, input.inChannels, 3, 3),
    ...[...blocks, ...decoder].flatMap((block) => blockParameters(block, embChannels)),
    weight('unet.out_conv', shape.channels, widths[0]!, 3, 3),
    weight('logvar_linear', 1, config.logvarChannels),
  ];
  const buffers = [
    ...fourierBuffers('unet.emb_fourier', noiseChannels),
    ...fourierBuffers('logvar_fourier', config.logvarChannels),
  ];
  return { config, shape, encoder, decoder, parameters, buffers, noiseChannels, embChannels };
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

function planEncoder(config: NetworkConfig, shape: DataShape, widths: readonly number[]): [ConvPlan, ...BlockPlan[]] {
  const input: ConvPlan = {
    kind: 'conv',
    name: `unet.enc.${size(shape.resolution)}_conv`,
    resolution: shape.resolution,
    // One more than the picture has: a channel of ones stands in for biases.
    inChannels: shape.channels + 1,
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
        heads: attention ? headsOf(config, outChannels, `${resolution}×${resolution}`) : 0,
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
        heads: attention ? headsOf(config, outChannels, `${resolution}×${resolution}`) : 0,
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

/** Tensors of one block, named as in the state dict. Source: arXiv 2312.02696, Fig. 21. */
export function blockParameters(block: BlockPlan, embChannels: number): ParameterPlan[] {
  const { name, flavor, inChannels, outChannels } = block;
  const weight = (part: string, ...dims: number[]): ParameterPlan => ({
    name: `${name}.${part}.weight`,
    shape: dims,
    role: 'weight',
  });
  return [
    { name: `${name}.emb_gain`, shape: [], role: 'gain' },
    // In the encoder the 1×1 convolution comes first, so the residual branch starts at the block's own width.
    weight('conv_res0', outChannels, flavor === 'enc' ? outChannels : inChannels, 3, 3),
    weight('emb_linear', outChannels, embChannels),
    weight('conv_res1', outChannels, outChannels, 3, 3),
    ...(inChannels === outChannels ? [] : [weight('conv_skip', outChannels, inChannels, 1, 1)]),
    ...(block.heads === 0
      ? []
      : [weight('attn_qkv', 3 * outChannels, outChannels, 1, 1), weight('attn_proj', outChannels, outChannels, 1, 1)]),
  ];
}

function fourierBuffers(name: string, channels: number): BufferPlan[] {
  return [
    { name: `${name}.freqs`, shape: [channels], role: 'frequencies' },
    { name: `${name}.phases`, shape: [channels], role: 'phases' },
  ];
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

/** The official code would silently leave attention out where a block is narrower than one head; we refuse. */
function headsOf(config: NetworkConfig, width: number, where: string): number {
  const heads = Math.floor(width / config.channelsPerHead);
  if (heads === 0) {
    throw new AppError(
      'invalid-input',
      `Attention at ${where} needs ${config.channelsPerHead} channels a head, but its blocks have ${width} channels; ` +
        `set channelsPerHead to ${width} or less, or make the network wider.`,
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

function size(resolution: number): string {
  return `${resolution}x${resolution}`;
}
