import type { DataShape, NetworkConfig } from './network.ts';

/**
 * The network on paper: which blocks there are, in which order, and the name and shape of every tensor, without any
 * tensor existing. Shapes are those of the official state dict (filters OIHW, linear weights [out, in], gains []), so
 * that weights can be exchanged; names are, too, in config G. One U of blocks serves all rungs. Source: arXiv 2312.02696,
 * Fig. 16 to 22.
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

/**
 * Every tensor of a network: name, shape and how it starts. Config G has the official code's names. The other rungs have
 * the same names for the same layers, so that runs compare layer by layer; what only they have is named here: `.bias`
 * beside `.weight`, `.scale` and `.shift` of group norms (`norm0`, `norm1`, `attn_norm`, `unet.out_norm`), and the
 * embedding's second layer `unet.emb_second`. (EDM's code, from which A and B come, calls `conv_res0` conv0,
 * `emb_linear` affine, `attn_norm` norm2, and so on.)
 */
export interface ParameterPlan {
  readonly name: string;
  /** The official shape. */
  readonly shape: readonly number[];
  /** Only weights are normalised; they have one output unit per row of axis 0. Gains are scalars. */
  readonly role: 'weight' | 'bias' | 'gain' | 'scale' | 'shift';
  readonly initial: Initial;
}

/** N(0, 1), uniform in ±bound, or the same number everywhere. */
export type Initial =
  | { readonly kind: 'normal' }
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'constant'; readonly value: number };

export interface BufferPlan {
  readonly name: string;
  readonly shape: readonly [number];
  /** Frequencies are 2π·N(0, 1), phases 2π·U(0, 1). */
  readonly role: 'frequencies' | 'phases';
}
