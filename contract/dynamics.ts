import * as z from 'zod';

/**
 * What a kind has a number of: layers with a weight, blocks, blocks with attention, learned scalars, the paper's buckets,
 * bins of noise levels (`sigmaBinNames`), or what was validated (`validationRows`).
 */
export type DynamicsRows = 'layer' | 'block' | 'attention' | 'gain' | 'bucket' | 'noise level' | 'validation';

/** A kind of numbers that a run records with each tick, each grid or each validation: one a row. */
export interface DynamicsKindFacts {
  readonly of: DynamicsRows;
  readonly title: string;
  /** What each number is; without a unit unless it says one. docs/dynamics.md has the formulas. */
  readonly words: string;
}

/**
 * What is recorded beside the scalars of a tick (`tickScalars`): with each tick; "average-…" with each grid; validation with
 * each of its own. A new kind needs a row here and whoever measures it;
 * the library holds it by its name.
 */
export const dynamicsKinds = {
  weight: {
    of: 'layer',
    title: 'Weights',
    words: 'root mean square of a stored weight; from E on after it was forced',
  },
  gradient: {
    of: 'layer',
    title: 'Gradients',
    words: "root mean square of the loss's gradient as Adam receives it, loss scaling divided out",
  },
  update: {
    of: 'layer',
    title: 'Updates',
    words: 'root mean square of what the step changes of the weight, from E on with forcing',
  },
  'relative-update': {
    of: 'layer',
    title: 'Relative updates',
    words: 'update divided by weight: the effective learning rate',
  },
  angle: {
    of: 'layer',
    title: 'Angles of the updates',
    words: 'mean over output units of the angle by which the step turns their weights, radians',
  },
  radial: {
    of: 'layer',
    title: 'Radial parts',
    words:
      'mean over output units of the share of the gradient that lies along their weights: |cos| of the angle between',
  },
  'non-finite': {
    of: 'layer',
    title: 'Gradients that are not finite',
    words: 'numbers of the gradient that were NaN or infinite',
  },
  gain: {
    of: 'gain',
    title: 'Gains',
    words: 'the learned scalar itself; G alone has them',
  },
  activation: {
    of: 'block',
    title: 'Activations',
    words: "root mean square of a block's output over pictures, channels and pixels",
  },
  clipped: {
    of: 'block',
    title: 'Clipped activations',
    words: "share of a block's output that stands at the limit to which it is clipped; not recorded where none is",
  },
  logit: {
    of: 'attention',
    title: 'Attention logits',
    words: 'root mean square of what goes into the softmax',
  },
  entropy: {
    of: 'attention',
    title: 'Attention entropy',
    words: 'mean entropy of the softmax as a share of the largest: 1 looks everywhere alike, 0 at one pixel',
  },
  'weight-max': {
    of: 'bucket',
    title: 'Largest weight of a bucket',
    words: 'largest root mean square of the stored weights of an output unit',
  },
  'weight-mean': {
    of: 'bucket',
    title: 'Mean weight of a bucket',
    words: 'mean of these root mean squares',
  },
  'activation-max': {
    of: 'bucket',
    title: 'Largest activation of a bucket',
    words: "largest root mean square of a feature that the bucket's layers give, over images and pixels",
  },
  'activation-mean': {
    of: 'bucket',
    title: 'Mean activation of a bucket',
    words: 'mean of these root mean squares',
  },
  'average-weight-max': {
    of: 'bucket',
    title: 'Largest weight of a bucket, average',
    words: 'largest root mean square of the weights of an output unit, of the average that draws the grids',
  },
  'average-weight-mean': {
    of: 'bucket',
    title: 'Mean weight of a bucket, average',
    words: 'mean of these root mean squares, of the average that draws the grids',
  },
  'average-activation-max': {
    of: 'bucket',
    title: 'Largest activation of a bucket, average',
    words:
      "largest root mean square of a feature that the bucket's layers give, of the average that draws the grids, always on the same images",
  },
  'average-activation-mean': {
    of: 'bucket',
    title: 'Mean activation of a bucket, average',
    words: 'mean of these root mean squares, of the average that draws the grids, always on the same images',
  },
  validation: {
    of: 'validation',
    title: 'Validation error',
    words:
      'mean of λ(σ)·(D − y)² per element of pictures that are held out, and of as many that are trained on, always in the same noise',
  },
  'validation-loss': {
    of: 'validation',
    title: 'Validation loss',
    words: 'mean loss per element of the same pictures, with the learned u(σ) of the network in question',
  },
  'noise-count': {
    of: 'noise level',
    title: 'Pictures by noise level',
    words: 'training images of the tick that got a noise level of the bin',
  },
  'noise-loss': {
    of: 'noise level',
    title: 'Loss by noise level',
    words: 'mean loss per element of these images, as it is optimised',
  },
  'noise-error': {
    of: 'noise level',
    title: 'Weighted error by noise level',
    words: 'mean of λ(σ)·(D − y)² per element of these images: the loss without the learned weight',
  },
  'noise-u': {
    of: 'noise level',
    title: 'u(σ) by noise level',
    words: 'mean of the learned u(σ) of these images; a run of A learns none',
  },
  'noise-gradient': {
    of: 'noise level',
    title: 'Gradient by noise level',
    words: "mean norm of the gradient of an image's loss, summed over its elements, at the network's output",
  },
} as const satisfies Readonly<Record<string, DynamicsKindFacts>>;

export type DynamicsKind = keyof typeof dynamicsKinds;
export const DynamicsKind = z.enum(Object.keys(dynamicsKinds) as [DynamicsKind, ...DynamicsKind[]]);
