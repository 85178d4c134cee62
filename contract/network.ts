import * as z from 'zod';
import { NetworkSwitches } from './switches.ts';

/**
 * The EDM2 network, named as in the paper and the official code; config G unless `switches` say otherwise. What the
 * dataset decides (resolution, channels, classes) is added by `networkShape` when a run starts.
 */
export const NetworkConfig = z.strictObject({
  /** Width of the network at full resolution, in channels ("base", 192 at size S). */
  modelChannels: z.int().min(4).max(1024),
  /** Width of each level as a multiple of `modelChannels`; level l has resolution R / 2^l. */
  channelMult: z.array(z.int().min(1).max(16)).min(1).max(6),
  /** Residual blocks of each encoder level; the decoder has one more. */
  numBlocks: z.int().min(1).max(8),
  /** Resolutions, in pixels, whose blocks have self-attention. The lowest level's `in0` always has it. */
  attnResolutions: z.array(z.int().positive()).max(6),
  /** Channels of one attention head; a block has floor(width / channelsPerHead) heads. */
  channelsPerHead: z.int().min(1).max(512).default(64),
  /** Multiplier of `modelChannels` for the noise features; null: `channelMult[0]`. */
  channelMultNoise: z.int().min(1).max(16).nullable().default(null),
  /** Multiplier of `modelChannels` for the embedding; null: the largest of `channelMult`. */
  channelMultEmb: z.int().min(1).max(16).nullable().default(null),
  /** Weight t of the class embedding in its MP-Sum with the noise embedding. */
  labelBalance: z.number().min(0).max(1).default(0.5),
  /** Weight t of the skip connection in MP-Cat. */
  concatBalance: z.number().gt(0).lt(1).default(0.5),
  /** Weight t of the residual branch in the block's MP-Sum. */
  resBalance: z.number().min(0).max(1).default(0.3),
  /** Weight t of the attention branch in its MP-Sum. */
  attnBalance: z.number().min(0).max(1).default(0.3),
  /** Block outputs are clipped to ±clipAct; null: never. */
  clipAct: z.number().positive().nullable().default(256),
  /** Probability with which an activation is dropped before the second convolution of a block. */
  dropout: z.number().min(0).lt(1).default(0),
  /** Fourier features of the head that learns u(sigma). */
  logvarChannels: z.int().min(1).max(1024).default(128),
  /** Expected standard deviation of the training data (pixels in [-1, 1]). */
  sigmaData: z.number().positive().max(10).default(0.5),
  /** Which rung of the paper's ladder of configurations the network stands on, switch by switch. */
  switches: NetworkSwitches.prefault({}),
});
export type NetworkConfig = z.infer<typeof NetworkConfig>;

/** Classes of the largest set that can be imported, and of a network that is asked for without data. */
export const MOST_CLASSES = 100_000;

/**
 * What the data decides about the network. A bound of what may be asked for stands where it is asked, not here: what was
 * made once must be readable for ever.
 */
export const DataShape = z.strictObject({
  /** Width and height of a picture in pixels. */
  resolution: z.int().min(4).max(1024),
  /** 3 for RGB, 1 for grey, 4 for latents. */
  channels: z.int().min(1).max(16),
  /** Number of classes; 0: an unconditional network. */
  labelDim: z.int().min(0),
});
export type DataShape = z.infer<typeof DataShape>;
