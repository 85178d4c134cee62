import { NetworkSwitches } from './switches.ts';
import { RunConfig } from './training.ts';
import type { TrainingConfig } from './training.ts';

export const rungNames = ['A', 'B', 'C', 'D', 'E', 'F', 'G'] as const;
export type RungName = (typeof rungNames)[number];

/** One configuration of the paper's Table 1. */
export interface Rung {
  readonly name: RungName;
  readonly title: string;
  /** One sentence: what it changes against the rung before. */
  readonly summary: string;
  readonly switches: NetworkSwitches;
  /** Attention one level higher than what is listed for B to G. */
  readonly moreAttention: boolean;
  /** The paper's at size S; null: that of the run (size and data decide in G). */
  readonly dropout: number | null;
  readonly clipAct: number | null;
  /** alpha_ref relative to config G's. */
  readonly learningRateFactor: number;
  /** Whether the rate decays (t_ref is finite). */
  readonly decay: boolean;
  readonly training: Pick<TrainingConfig, 'adamBeta1' | 'adamBeta2' | 'lossScaling' | 'nonFinite' | 'averaging'>;
  /** What the paper itself trained with on ImageNet-512 latents; `climb` leaves it out, so that rungs compare. */
  readonly paper: Pick<TrainingConfig, 'pMean' | 'pStd' | 'batchSize' | 'learningRate' | 'decayBatches'>;
}

const paper: Rung['paper'] = { pMean: -0.4, pStd: 1, batchSize: 2048, learningRate: 0.01, decayBatches: 70_000 };

const a: Rung = {
  name: 'A',
  title: 'EDM baseline',
  summary: 'Where the paper starts: group norms, biases, and weights that grow as they like.',
  switches: NetworkSwitches.parse({
    noiseFeatures: 'positional',
    embeddingLayers: 2,
    groupNorm: 'standard',
    attentionNorm: 'group',
    biases: true,
    weightInit: 'uniform-zero',
    weightNorm: 'none',
    fixedFunctions: 'plain',
    gains: false,
    uncertainty: false,
  }),
  moreAttention: true,
  dropout: 0.1,
  clipAct: null,
  learningRateFactor: 0.01,
  decay: false,
  training: { adamBeta1: 0.9, adamBeta2: 0.999, lossScaling: 100, nonFinite: 'clamp', averaging: 'exponential' },
  paper: { pMean: -1.2, pStd: 1.2, batchSize: 4096, learningRate: 0.0001, decayBatches: 0 },
};

const b: Rung = {
  ...a,
  name: 'B',
  title: 'Minor improvements',
  summary:
    'Learns how certain it can be at each noise level, attends at one level fewer, clips activations, and averages by power functions.',
  switches: { ...a.switches, uncertainty: true },
  moreAttention: false,
  clipAct: 256,
  learningRateFactor: 0.02,
  training: { ...a.training, adamBeta2: 0.99, nonFinite: 'zero', averaging: 'power' },
  paper: { ...paper, learningRate: 0.0002, decayBatches: 0 },
};

const c: Rung = {
  ...b,
  name: 'C',
  title: 'Architectural streamlining',
  summary:
    'Biases give way to a channel of ones, group norms ignore the mean, attention compares directions, noise levels get random features.',
  switches: {
    ...b.switches,
    noiseFeatures: 'fourier',
    groupNorm: 'no-mean',
    attentionNorm: 'cosine',
    biases: false,
    weightInit: 'uniform',
  },
};

const d: Rung = {
  ...c,
  name: 'D',
  title: 'Magnitude-preserving learned layers',
  summary: 'Weights are normalised wherever they are used, which bears a learning rate fifty times as high.',
  switches: { ...c.switches, weightInit: 'normal', weightNorm: 'on-use' },
  learningRateFactor: 1,
  training: { ...c.training, lossScaling: 1 },
  paper: { ...paper, decayBatches: 0 },
};

const e: Rung = {
  ...d,
  name: 'E',
  title: 'Control of the effective learning rate',
  summary:
    'Stored weights are normalised at each step, too, so that the learning rate, which now decays, means the same throughout.',
  switches: { ...d.switches, weightNorm: 'forced' },
  decay: true,
  paper,
};

const f: Rung = {
  ...e,
  name: 'F',
  title: 'Group normalisations removed',
  summary: 'Encoder blocks normalise their pixels instead, and the embedding has one layer less.',
  switches: { ...e.switches, groupNorm: 'none', embeddingLayers: 1 },
};

const g: Rung = {
  ...f,
  name: 'G',
  title: 'Magnitude-preserving fixed functions',
  summary: 'EDM2: activations, sums and concatenations keep magnitudes as well, and learned gains start at zero.',
  switches: { ...f.switches, noiseFeatures: 'mp-fourier', fixedFunctions: 'magnitude-preserving', gains: true },
  dropout: null,
};

/**
 * The ladder, each rung as its difference from the one before.
 *
 * Source: arXiv 2312.02696, Table 1, Fig. 16 to 22; EDM (arXiv 2206.00364) for A.
 */
export const rungs: Readonly<Record<RungName, Rung>> = { A: a, B: b, C: c, D: d, E: e, F: f, G: g };

/** The rung that has exactly these switches; null: none has. */
export function rungOf(switches: NetworkSwitches): RungName | null {
  const keys = Object.keys(switches) as (keyof NetworkSwitches)[];
  return rungNames.find((name) => keys.every((key) => rungs[name].switches[key] === switches[key])) ?? null;
}

/**
 * A run's config on another rung. Data, noise distribution, batch and duration stay, and only the rung changes, which
 * is a fairer comparison than the paper's own, where some of them change from A to B.
 *
 * @param config a run on rung G
 */
export function climb(config: RunConfig, name: RungName): RunConfig {
  const rung = rungs[name];
  const { network, training, grid } = config;
  const listed = network.attnResolutions;
  const sigmaRel = exponentialWidth(training);
  const exponential = rung.training.averaging === 'exponential';
  return RunConfig.parse({
    ...config,
    network: {
      ...network,
      switches: rung.switches,
      attnResolutions: rung.moreAttention && listed.length > 0 ? [2 * Math.max(...listed), ...listed] : listed,
      dropout: rung.dropout ?? network.dropout,
      clipAct: rung.clipAct === null ? null : (network.clipAct ?? rung.clipAct),
    },
    training: {
      ...training,
      ...rung.training,
      learningRate: withoutNoise(training.learningRate * rung.learningRateFactor),
      decayBatches: rung.decay ? training.decayBatches : 0,
      sigmaRels: exponential ? [sigmaRel] : training.sigmaRels,
    },
    grid: { ...grid, sigmaRel: exponential ? sigmaRel : grid.sigmaRel },
  });
}

/**
 * The way back from `climb`: the config on rung G that leads to a config on its rung. What a rung decides is taken back;
 * where that can't tell what was there, `usual` says.
 *
 * @param usual a config on rung G: the preset that the run began with, or another
 * @returns     null: its switches belong to no rung
 */
export function descend(config: RunConfig, usual: RunConfig): RunConfig | null {
  const name = rungOf(config.network.switches);
  if (name === null || name === 'G') return name === null ? null : config;
  const rung = rungs[name];
  const { network, training, grid } = config;
  const [highest, ...others] = [...network.attnResolutions].sort((a, b) => b - a);
  const added = rung.moreAttention && highest === 2 * (others[0] ?? NaN);
  const exponential = rung.training.averaging === 'exponential';
  return RunConfig.parse({
    ...config,
    network: {
      ...network,
      switches: rungs.G.switches,
      attnResolutions: added ? network.attnResolutions.filter((one) => one !== highest) : network.attnResolutions,
      dropout: rung.dropout === null ? network.dropout : usual.network.dropout,
      clipAct: rung.clipAct === null ? usual.network.clipAct : network.clipAct,
    },
    training: {
      ...training,
      ...rungs.G.training,
      learningRate: withoutNoise(training.learningRate / rung.learningRateFactor),
      decayBatches: rung.decay ? training.decayBatches : usual.training.decayBatches,
      sigmaRels: exponential ? usual.training.sigmaRels : training.sigmaRels,
    },
    grid: { ...grid, sigmaRel: exponential ? usual.grid.sigmaRel : grid.sigmaRel },
  });
}

/** 0.007, not 0.007000000000000001: people read it. */
function withoutNoise(value: number): number {
  return Number(value.toPrecision(12));
}

/**
 * Relative width σ_rel of the exponential average at the end of a run. As long as the half-life is limited to a share r
 * of the images so far, the average is a power function's of exponent γ = ln 2/r − 1; from then on its width is
 * half-life/ln 2 images.
 *
 * @returns rounded to four digits, because files are named by it
 */
export function exponentialWidth({
  averageHalfLife,
  averageRampUp,
  durationImages,
}: Pick<TrainingConfig, 'averageHalfLife' | 'averageRampUp' | 'durationImages'>): number {
  const constant = averageHalfLife / Math.LN2 / durationImages;
  const gamma = averageRampUp === null ? 0 : Math.LN2 / averageRampUp - 1;
  const ramped = Math.sqrt(gamma + 1) / ((gamma + 2) * Math.sqrt(gamma + 3));
  const limited = averageRampUp !== null && averageHalfLife >= averageRampUp * durationImages;
  // A half-life far beyond the run is close to the plain mean, whose width 12^-1/2 is out of reach.
  return Number(Math.min(limited ? ramped : constant, 0.288).toFixed(4));
}
