import { Option, type Command } from 'commander';
import { AppError } from '../../contract/errors.ts';
import { USUAL_STRENGTH } from '../../contract/guidance.ts';
import type { Precision } from '../../contract/precision.ts';
import { churnProblem, SamplerConfig, type Engine } from '../../contract/training.ts';
import {
  engineNamed,
  lengthNamed,
  ENGINE_HELP,
  numberFrom,
  PRECISION_HELP,
  precisionNamed,
  wholeNumber,
} from './arguments.ts';
import type { WantedModel } from './chosen-model.ts';
import { firstIssue } from './issue-words.ts';
import { addRenamed } from './renamed-option.ts';

/** How pictures are drawn: options that say nothing about which pictures. */
export interface SamplingOptions {
  readonly steps: string;
  readonly guide?: string;
  readonly guideNimg?: string;
  readonly guideSigmaRel?: string;
  readonly guidance?: string;
  readonly churn?: string;
  readonly churnMin?: string;
  readonly churnMax?: string;
  readonly churnNoise?: string;
  readonly precision: string;
  readonly engine: string;
}

/** What they ask for. */
export interface AskedSampling {
  readonly sampler: SamplerConfig;
  /** null: none. */
  readonly guidance: { readonly guide: WantedModel; readonly strength: number } | null;
  readonly precision: Precision;
  readonly engine: Engine;
}

export function addSamplingOptions(command: Command): Command {
  command
    .option('--steps <n>', 'noise levels of the Heun sampler', '32')
    .option('--guide <name|id>', 'run whose network guides: without classes, or a worse one with the same classes')
    .option('--guide-nimg <images>', 'snapshot of the guide; default: its newest');
  const length = new Option(
    '--guide-sigma-rel <value>',
    'length of the average that guides; default: the longest that is stored',
  );
  return addRenamed(command, length, '--guide-std')
    .option('--guidance <strength>', `strength of guidance, 1: none (default with --guide: ${USUAL_STRENGTH})`)
    .option('--churn <amount>', 'S_churn: fresh noise in each step, up to this much in all; default: none')
    .option('--churn-min <sigma>', 'S_min: lowest noise level that gets fresh noise (default: 0)')
    .option('--churn-max <sigma>', 'S_max: highest noise level that gets fresh noise (default: no limit)')
    .option('--churn-noise <factor>', 'S_noise: deviation of the fresh noise (default: 1)')
    .option('--precision <name>', PRECISION_HELP, 'fp32')
    .option('--engine <name>', ENGINE_HELP, 'graph');
}

/** @throws {AppError} 'invalid-input' for what can't be meant */
export function readSamplingOptions(options: SamplingOptions): AskedSampling {
  return {
    sampler: readSampler(options),
    guidance: readGuidance(options),
    precision: precisionNamed(options.precision),
    engine: engineNamed(options.engine),
  };
}

/** What of the sampler which option says. */
const churnOptions = {
  'churn.amount': '--churn',
  'churn.min': '--churn-min',
  'churn.max': '--churn-max',
  'churn.noise': '--churn-noise',
};

function readSampler(options: SamplingOptions): SamplerConfig {
  const steps = wholeNumber(options.steps, '--steps', 1000, 2);
  const optional = (text: string | undefined, option: string): number | undefined =>
    text === undefined ? undefined : numberFrom(text, option, 0);
  const amount = optional(options.churn, '--churn');
  const rest = {
    min: optional(options.churnMin, '--churn-min'),
    max: optional(options.churnMax, '--churn-max'),
    noise: optional(options.churnNoise, '--churn-noise'),
  };
  if (amount === undefined && Object.values(rest).some((value) => value !== undefined)) {
    throw new AppError('invalid-input', '--churn-min, --churn-max and --churn-noise need --churn.');
  }
  const sampler = SamplerConfig.safeParse({ steps, ...(amount === undefined ? {} : { churn: { amount, ...rest } }) });
  if (!sampler.success) throw new AppError('invalid-input', firstIssue(sampler.error, churnOptions));
  const turned = churnProblem(sampler.data.churn);
  if (turned !== null) throw new AppError('invalid-input', `--churn-min and --churn-max: ${turned}.`);
  return sampler.data;
}

function readGuidance({ guide, guideNimg, guideSigmaRel, guidance }: SamplingOptions): AskedSampling['guidance'] {
  if (guide === undefined) {
    if (guideNimg === undefined && guideSigmaRel === undefined && guidance === undefined) return null;
    throw new AppError(
      'invalid-input',
      '--guidance, --guide-nimg and --guide-sigma-rel need --guide, the run that guides.',
    );
  }
  const strength = guidance === undefined ? USUAL_STRENGTH : numberFrom(guidance, '--guidance', 0, 100);
  return {
    guide: {
      run: guide,
      nimg: guideNimg === undefined ? null : wholeNumber(guideNimg, '--guide-nimg'),
      sigmaRel: guideSigmaRel === undefined ? null : lengthNamed(guideSigmaRel, '--guide-sigma-rel'),
    },
    strength,
  };
}
