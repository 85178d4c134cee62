import * as z from 'zod';

/**
 * What distinguishes the rungs of the paper's Table 1 as networks, one switch a change. The defaults are config G.
 * Which values belong to which rung: `ladder.ts`. Which do not go together: `checkSwitches`.
 */
export const NetworkSwitches = z.strictObject({
  /**
   * Features of the noise level. A, B: cosines and sines of fixed frequencies. C to F: cosines of random frequencies
   * and phases. G: the same times sqrt(2). The head that learns u(sigma) has random ones always, scaled in G.
   */
  noiseFeatures: z.enum(['positional', 'fourier', 'mp-fourier']).default('mp-fourier'),
  /** Linear layers between noise features and embedding. A to E: 2; from F on: 1. */
  embeddingLayers: z.union([z.literal(1), z.literal(2)]).default(1),
  /**
   * Group norms in blocks and before the output. A, B: mean and variance, learned scale and shift. C to E: root mean
   * square alone. From F on: none; then encoder blocks normalise the pixels of their main path, on which resampling
   * moves, too.
   */
  groupNorm: z.enum(['standard', 'no-mean', 'none']).default('none'),
  /**
   * What keeps attention bounded. A, B: a group norm before queries, keys and values. From C on: each head's queries,
   * keys and values are normalised (cosine attention).
   */
  attentionNorm: z.enum(['group', 'cosine']).default('cosine'),
  /**
   * A, B: convolutions and linear layers have biases, the class embedding excepted, and the conditioning shifts as well
   * as scales. From C on: none; the picture gets a channel of ones instead.
   */
  biases: z.boolean().default(false),
  /**
   * How weights start. A, B: 'uniform-zero', within ±1/sqrt(fan-in), but zero in the last convolution of each branch
   * and of the network, and N(0, 1) in the class embedding, whose one-hot input is taken as it is. C: 'uniform' for all.
   * From D on: 'normal', N(0, 1) for all. From C on one-hot vectors are scaled to unit magnitude.
   */
  weightInit: z.enum(['uniform-zero', 'uniform', 'normal']).default('normal'),
  /** A to C: weights as stored. D: unit norm on use. From E on: stored weights are forced, too, at each training step. */
  weightNorm: z.enum(['none', 'on-use', 'forced']).default('forced'),
  /** SiLU, sums and concatenations. A to F: plain. G: scaled so that magnitudes stay. */
  fixedFunctions: z.enum(['plain', 'magnitude-preserving']).default('magnitude-preserving'),
  /** G: learned scalars, initially 0, on the conditioning of each block and on the output. */
  gains: z.boolean().default(true),
  /** From B on: the loss is weighted by a learned u(sigma), and the network has a head for it. */
  uncertainty: z.boolean().default(true),
});
export type NetworkSwitches = z.infer<typeof NetworkSwitches>;

/** Config G, as the defaults say. */
export const defaultSwitches: NetworkSwitches = NetworkSwitches.parse({});
