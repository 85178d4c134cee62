import * as z from 'zod';
import { CONFIG_FORMAT, newerFormat } from './formats.ts';
import { microBatchProblem } from './micro-batch.ts';
import { NetworkConfig } from './network.ts';
import { Precision } from './precision.ts';
import { emaLength } from './units.ts';

/** Largest sigma_rel a power function can have: the uniform average, 12^-1/2. */
export const MAX_SIGMA_REL = 12 ** -0.5;

export const SigmaRel = z.number().gt(0).lt(MAX_SIGMA_REL);

export const MOST_IMAGES = 2 ** 40;

/** Training images to see in all (nimg at the end). */
export const DurationImages = z.int().min(1).max(MOST_IMAGES);

/** Images of the largest step. */
export const MOST_BATCH = 8192;

/** How a network is trained. Defaults are the paper's config G at size S for RGB 64×64 unless noted. */
export const TrainingConfig = z.strictObject({
  /** Images of one optimiser step. */
  batchSize: z.int().min(1).max(MOST_BATCH),
  /**
   * Images that go through the network at once; gradients add up over batchSize / microBatch passes. null: all at once. It
   * is how the run begins: going on may change it (`Run.microBatch`), for the result is the same.
   */
  microBatch: z.int().min(1).max(MOST_BATCH).nullable().default(null),
  /** How the run begins: it may be given more when it goes on (`RunSummary.durationImages`). */
  durationImages: DurationImages,
  /** Mean of ln(sigma). */
  pMean: z.number().min(-10).max(10).default(-0.8),
  /** Standard deviation of ln(sigma). */
  pStd: z.number().positive().max(10).default(1.6),
  /** alpha_ref: learning rate before decay. */
  learningRate: z.number().positive().max(1).default(0.01),
  /** t_ref: steps after which the rate falls as 1 / sqrt(t); 0: never. */
  decayBatches: z.number().min(0).max(1e9).default(35_000),
  /** Images over which the rate rises linearly from 0; 0: no ramp-up. */
  rampUpImages: z.number().min(0).max(1e12).default(10_000_000),
  adamBeta1: z.number().min(0).lt(1).default(0.9),
  adamBeta2: z.number().min(0).lt(1).default(0.99),
  adamEps: z.number().positive().max(1).default(1e-8),
  /** Of the activations inside the network; op by op there is only fp32. */
  precision: Precision.default('fp32'),
  /** Factor on the loss before the backward pass; never divided out before Adam, as in the official code. */
  lossScaling: z.number().positive().max(65_536).default(1),
  /** What becomes of gradients that are not finite. 'zero': they count as 0. 'clamp': NaN as 0, ±∞ as ±1e5 (config A). */
  nonFinite: z.enum(['zero', 'clamp']).default('zero'),
  /**
   * Which averages of the weights are kept. 'power': one for each of `sigmaRels`. 'exponential': one, of constant
   * half-life (config A); its files bear the one entry of `sigmaRels`, which should be near its relative width.
   */
  averaging: z.enum(['power', 'exponential']).default('power'),
  /** Half-life of the exponential average in images. */
  averageHalfLife: z.number().positive().max(1e12).default(50_000_000),
  /** The half-life is at most this share of the images seen so far; null: no limit. */
  averageRampUp: z.number().positive().max(1).nullable().default(0.05),
  /** Relative widths sigma_rel of the power-function averages that are kept. */
  sigmaRels: z.array(SigmaRel).min(1).max(8).default([0.05, 0.1]),
  /** Mirror each picture left to right with probability 1/2. */
  horizontalFlips: z.boolean().default(false),
  /** Tell the network the class of each picture. */
  classConditional: z.boolean().default(true),
  /** Seed of initial weights and, with purpose and nimg, of every random number of the run. */
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(0),
});
export type TrainingConfig = z.infer<typeof TrainingConfig>;

/** Checkpoint files that a run keeps: two, so that one that turns out damaged costs an interval and not the run. */
export const CHECKPOINTS_KEPT = 2;

/** What is written down while training, counted in training images. 0: never. */
export const LoggingConfig = z.strictObject({
  /** Loss, rate, speed and magnitudes go to the library every so many images. */
  tickImages: z.int().min(1),
  /** Both averages go to a snapshot file. */
  snapshotImages: z.int().min(0),
  /** The whole state goes to a checkpoint file. */
  checkpointImages: z.int().min(0),
  /** A grid of pictures with fixed seeds is drawn. */
  sampleImages: z.int().min(0),
  /**
   * Pictures that are held out of training are validated with (`heldOutCount`); 0: none are, and every picture is trained
   * on. Runs of earlier versions have 0, so the order of their pictures stays.
   */
  validationImages: z.int().min(0).default(0),
});
export type LoggingConfig = z.infer<typeof LoggingConfig>;

/**
 * Fresh noise while sampling (EDM, arXiv 2206.00364, Alg. 2): before each step whose noise level lies between `min` and
 * `max`, noise is added to raise that level by the factor 1 + min(amount / steps, sqrt(2) − 1).
 */
export const ChurnConfig = z.strictObject({
  /** S_churn; 0: none. */
  amount: z.number().min(0).max(1000),
  /** S_min and S_max, noise levels. */
  min: z.number().min(0).default(0),
  max: z.number().positive().default(1e9),
  /** S_noise, standard deviation of the noise relative to what the level asks for. */
  noise: z.number().positive().max(2).default(1),
});
export type ChurnConfig = z.infer<typeof ChurnConfig>;

/** Second-order Heun sampling (EDM, arXiv 2206.00364, Alg. 1 and 2, and Eq. 5); deterministic without `churn`. */
export const SamplerConfig = z.strictObject({
  /** N noise levels, 2N − 1 network evaluations. */
  steps: z.int().min(2).max(1000).default(32),
  sigmaMin: z.number().positive().max(1).default(0.002),
  sigmaMax: z.number().positive().max(1000).default(80),
  rho: z.number().positive().max(100).default(7),
  churn: ChurnConfig.optional(),
});
export type SamplerConfig = z.infer<typeof SamplerConfig>;

/** Words without a full stop where the noise levels of a sampler are the wrong way round; null: they are not. */
export function sigmasProblem({ sigmaMin, sigmaMax }: Pick<SamplerConfig, 'sigmaMin' | 'sigmaMax'>): string | null {
  return sigmaMin < sigmaMax ? null : `sigma_min ${sigmaMin} must be smaller than sigma_max ${sigmaMax}`;
}

/**
 * The same for the levels at which fresh noise is added. Looked at where a sampler is asked for, not where it is stored:
 * earlier versions took any.
 */
export function churnProblem(churn: Pick<ChurnConfig, 'min' | 'max'> | undefined): string | null {
  if (churn === undefined || churn.min < churn.max) return null;
  return `S_min ${churn.min} must be smaller than S_max ${churn.max}`;
}

/**
 * How training steps are computed: as one recorded graph, or op by op from JavaScript, which is slower and easier to
 * look into. The numbers agree up to rounding.
 */
export const Engine = z.enum(['graph', 'eager']);
export type Engine = z.infer<typeof Engine>;

/** The grid that a run draws while it trains. */
export const GridConfig = z.strictObject({
  /** Pictures of a row; a row is a class where the network knows classes. */
  columns: z.int().min(1).max(32).default(8),
  /** Rows; at most the number of classes, if there are any. */
  rows: z.int().min(1).max(32).default(8),
  /** Which average draws: one of `sigmaRels`. */
  sigmaRel: SigmaRel.default(0.1),
  sampler: SamplerConfig,
});
export type GridConfig = z.infer<typeof GridConfig>;

/** Everything that decides what a run does. Stored as JSON with the run and never changed afterwards. */
export const RunConfig = z
  .strictObject({
    /** Format of this record; earlier ones are read where they are stored (`upgraded`). */
    version: z.literal(CONFIG_FORMAT, {
      error: ({ input }) => {
        const newer = newerFormat({ version: input });
        return newer === null ? undefined : `the configuration ${newer}; update EDM2 Studio`;
      },
    }),
    /** Name of the preset it started from; for display. */
    preset: z.string().max(64).nullable(),
    network: NetworkConfig,
    training: TrainingConfig,
    logging: LoggingConfig,
    grid: GridConfig,
  })
  .superRefine((config, context) => {
    const { training, grid } = config;
    const uncut = microBatchProblem(training);
    if (uncut !== null) context.addIssue({ code: 'custom', path: ['training', 'microBatch'], message: uncut });
    if (training.averaging === 'exponential' && training.sigmaRels.length !== 1) {
      context.addIssue({
        code: 'custom',
        path: ['training', 'sigmaRels'],
        message: `an exponential average has one length, but sigmaRels lists ${training.sigmaRels.join(' and ')}`,
      });
    }
    if (!training.sigmaRels.includes(grid.sigmaRel)) {
      context.addIssue({
        code: 'custom',
        path: ['grid', 'sigmaRel'],
        message: `the grid wants ${emaLength(grid.sigmaRel)}, but the run keeps ${training.sigmaRels.join(' and ')}`,
      });
    }
    const turned = sigmasProblem(grid.sampler);
    if (turned !== null) context.addIssue({ code: 'custom', path: ['grid', 'sampler', 'sigmaMin'], message: turned });
  });
export type RunConfig = z.infer<typeof RunConfig>;

/** The same for a run that is yet to be made. */
export const NewRunConfig = RunConfig.superRefine(({ grid }, context) => {
  const turned = churnProblem(grid.sampler.churn);
  if (turned !== null) context.addIssue({ code: 'custom', path: ['grid', 'sampler', 'churn'], message: turned });
});
