import type { TermId } from '../words/terms.ts';

/** A value of the run's config as the form shows it. Range and type come from the contract (ranges.ts). */
export interface Field {
  /** Where it is in RunConfig, names joined by dots. */
  readonly path: string;
  readonly label: string;
  /** The name in the paper or the official code, where it differs from the label; shown in brackets. */
  readonly paper?: string;
  readonly unit?: string;
  /** One line: what it does. */
  readonly help: string;
  /** What an empty field means, for values that may be null. */
  readonly whenEmpty?: string;
  /** The value counts training images; the form repeats it in kimg or Mimg. */
  readonly images?: boolean;
  /** What explains its name, or the paper's where that is given; at the first of several that have it. */
  readonly term?: TermId;
}

export interface FieldGroup {
  readonly title: string;
  readonly fields: readonly Field[];
}

/** The few settings that are always in sight. */
export const mainFields: readonly Field[] = [
  {
    path: 'training.durationImages',
    label: 'Duration',
    unit: 'images',
    images: true,
    help: 'Training images to see in all. 35k, 4M and 4Mi (× 2²⁰) are understood.',
  },
  { path: 'training.batchSize', label: 'Batch size', unit: 'images', help: 'Images of one optimiser step.' },
  {
    path: 'training.learningRate',
    label: 'Learning rate',
    paper: 'α_ref',
    help: 'Rate at the peak, before it decays.',
  },
  {
    path: 'training.sigmaRels',
    label: 'EMA lengths',
    paper: 'σ_rel',
    term: 'sigma-rel',
    help: 'Relative widths of the averages that are kept. Two let you choose any length after training.',
  },
];

/** Everything else, folded away. */
export const advancedGroups: readonly FieldGroup[] = [
  {
    title: 'Network',
    fields: [
      {
        path: 'network.modelChannels',
        label: 'Model channels',
        paper: 'C',
        unit: 'channels',
        help: 'Width of the network at full resolution; 192 at the paper’s size S.',
      },
      {
        path: 'network.channelMult',
        label: 'Channel multipliers',
        help: 'Width of each level as a multiple of the model channels; one level for each value, each at half the resolution of the one before.',
      },
      {
        path: 'network.numBlocks',
        label: 'Blocks per level',
        unit: 'blocks',
        help: 'Residual blocks of each encoder level; the decoder has one more.',
      },
      {
        path: 'network.attnResolutions',
        label: 'Attention resolutions',
        unit: 'pixels',
        help: 'Levels whose blocks have self-attention. The lowest level’s first block always has it.',
      },
      {
        path: 'network.channelsPerHead',
        label: 'Channels per head',
        unit: 'channels',
        help: 'Size of one attention head; a block has width ÷ this many heads.',
      },
      {
        path: 'network.dropout',
        label: 'Dropout',
        help: 'Probability with which an activation is dropped before the second convolution of a block; the paper uses 0.1 from size M on.',
      },
      {
        path: 'network.channelMultNoise',
        label: 'Noise feature multiplier',
        paper: 'c_noise',
        term: 'c-noise',
        whenEmpty: 'the first channel multiplier',
        help: 'Width of the Fourier features of the noise level, as a multiple of the model channels.',
      },
      {
        path: 'network.channelMultEmb',
        label: 'Embedding multiplier',
        whenEmpty: 'the largest channel multiplier',
        help: 'Width of the embedding of noise level and class, as a multiple of the model channels.',
      },
      {
        path: 'network.labelBalance',
        label: 'Class balance',
        paper: 't of MP-Sum',
        term: 'mp-sum',
        help: 'Weight of the class embedding against the noise embedding.',
      },
      {
        path: 'network.concatBalance',
        label: 'Skip balance',
        paper: 't of MP-Cat',
        term: 'mp-cat',
        help: 'Weight of the skip connection against the main path in the decoder.',
      },
      {
        path: 'network.resBalance',
        label: 'Residual balance',
        paper: 't of MP-Sum',
        help: 'Weight of the residual branch of a block.',
      },
      {
        path: 'network.attnBalance',
        label: 'Attention balance',
        paper: 't of MP-Sum',
        help: 'Weight of the attention branch.',
      },
      {
        path: 'network.clipAct',
        label: 'Activation clipping',
        whenEmpty: 'never clipped',
        help: 'Block outputs are clipped to ± this value.',
      },
      {
        path: 'network.logvarChannels',
        label: 'Uncertainty features',
        paper: 'u(σ)',
        term: 'u-sigma',
        unit: 'channels',
        help: 'Fourier features of the head that learns the loss to expect at each noise level.',
      },
      {
        path: 'network.sigmaData',
        label: 'Expected data deviation',
        paper: 'σ_data',
        help: 'Standard deviation of the pictures, pixels in [−1, 1]; preconditioning and loss weight rest on it.',
      },
    ],
  },
  {
    title: 'Noise and data',
    fields: [
      {
        path: 'training.pMean',
        label: 'Noise mean',
        paper: 'P_mean',
        term: 'p-mean',
        help: 'Mean of ln σ during training; more negative trains on finer noise.',
      },
      {
        path: 'training.pStd',
        label: 'Noise spread',
        paper: 'P_std',
        help: 'Standard deviation of ln σ during training.',
      },
      {
        path: 'training.classConditional',
        label: 'Class-conditional',
        help: 'Tell the network the class of each picture, so that you can ask for one later.',
      },
      {
        path: 'training.horizontalFlips',
        label: 'Horizontal flips',
        help: 'Mirror each picture with probability ½. Not for pictures with writing or a handedness.',
      },
      {
        path: 'training.seed',
        label: 'Seed',
        help: 'Start of every random number of the run: weights, noise, order of the pictures.',
      },
    ],
  },
  {
    title: 'Optimiser',
    fields: [
      {
        path: 'training.microBatch',
        label: 'Micro-batch',
        unit: 'images',
        whenEmpty: 'the whole batch at once',
        help: 'Images that go through the network at once; smaller needs less memory. Must divide the batch size, and can be changed later.',
      },
      {
        path: 'training.rampUpImages',
        label: 'Ramp-up',
        unit: 'images',
        images: true,
        help: 'Images over which the learning rate rises from 0 in a straight line; 0: no ramp-up.',
      },
      {
        path: 'training.decayBatches',
        label: 'Decay starts',
        paper: 't_ref',
        unit: 'steps',
        help: 'Steps after which the rate falls as 1 ÷ √t; 0: never.',
      },
      { path: 'training.adamBeta1', label: 'Adam β₁', help: 'Memory of the gradient’s mean.' },
      { path: 'training.adamBeta2', label: 'Adam β₂', help: 'Memory of the gradient’s square.' },
      { path: 'training.adamEps', label: 'Adam ε', help: 'Keeps Adam’s division finite.' },
      {
        path: 'training.lossScaling',
        label: 'Loss scaling',
        help: 'Factor on the loss before the backward pass; not divided out before Adam, as in the official code.',
      },
    ],
  },
  {
    title: 'Logging and checkpoints',
    fields: [
      {
        path: 'logging.tickImages',
        label: 'Tick every',
        term: 'tick',
        unit: 'images',
        images: true,
        help: 'Loss, learning rate, speed and magnitudes go to the library.',
      },
      {
        path: 'logging.snapshotImages',
        label: 'Snapshot every',
        term: 'snapshot',
        unit: 'images',
        images: true,
        help: 'Every average goes to a file, for generating pictures and choosing an EMA length; 0: only at the end.',
      },
      {
        path: 'logging.checkpointImages',
        label: 'Checkpoint every',
        term: 'checkpoint',
        unit: 'images',
        images: true,
        help: 'The whole state goes to a file, from which a run that was cut off goes on; 0: only when paused.',
      },
      {
        path: 'logging.sampleImages',
        label: 'Sample grid every',
        unit: 'images',
        images: true,
        help: 'A grid of pictures with fixed seeds is drawn; 0: never.',
      },
      {
        path: 'logging.validationImages',
        label: 'Validation every',
        term: 'validation',
        unit: 'images',
        images: true,
        help: '1 % of the pictures is held out of training and shows how well the network does on what it has not seen; 0: never, and all are trained on.',
      },
    ],
  },
  {
    title: 'Sample grid',
    fields: [
      { path: 'grid.columns', label: 'Columns', unit: 'pictures', help: 'Pictures in a row.' },
      {
        path: 'grid.rows',
        label: 'Rows',
        help: 'A row is a class where the network knows classes; no more rows than classes are drawn.',
      },
      { path: 'grid.sigmaRel', label: 'Average that draws', paper: 'σ_rel', help: 'One of the EMA lengths above.' },
      {
        path: 'grid.sampler.steps',
        label: 'Steps',
        paper: 'N',
        help: 'Noise levels of the Heun sampler; 2N − 1 evaluations of the network a picture.',
      },
      { path: 'grid.sampler.sigmaMin', label: 'Lowest noise', paper: 'σ_min', help: 'Noise level of the last step.' },
      {
        path: 'grid.sampler.sigmaMax',
        label: 'Highest noise',
        paper: 'σ_max',
        help: 'Noise level the sampler starts from.',
      },
      { path: 'grid.sampler.rho', label: 'Step spacing', paper: 'ρ', help: 'Larger puts more steps at low noise.' },
    ],
  },
];

export const allFields: readonly Field[] = [...mainFields, ...advancedGroups.flatMap((group) => group.fields)];

/** The setting at a path of RunConfig ("training.batchSize"); undefined: the form has no field for it. */
export function fieldAt(path: string): Field | undefined {
  return allFields.find((field) => field.path === path);
}
