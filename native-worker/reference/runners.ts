import type { Runner } from './runner.ts';
import { runBlockCase } from './runners/block.ts';
import { runMagnitudes } from './runners/magnitudes.ts';
import * as ops from './runners/ops.ts';
import { runPostHocWalk } from './runners/post-hoc-walk.ts';
import { runSampler } from './runners/sampler.ts';
import * as tables from './runners/tables.ts';
import { runToyMixture } from './runners/toy-mixture.ts';
import { runTrain } from './runners/train.ts';
import { runUnetCase } from './runners/unet.ts';

/** By name, or by the part of the name before its last hyphens; the longest that fits counts. */
const runners: Readonly<Record<string, Runner>> = {
  'ops-normalize': ops.runNormalize,
  'ops-resample': ops.runResample,
  'ops-mp_silu': ops.runMpSilu,
  'ops-mp_sum': ops.runMpSum,
  'ops-mp_cat': ops.runMpCat,
  'ops-fourier': ops.runFourier,
  'ops-mpconv': ops.runMpConv,
  'ops-rgb_encoder': ops.runRgbEncoder,
  'ops-adam': ops.runAdam,
  block: runBlockCase,
  unet: runUnetCase,
  train: runTrain,
  sampler: runSampler,
  'sampler-sigmas': tables.runSamplerSigmas,
  'lr-schedule': tables.runLearningRates,
  'phema-tables': tables.runPostHocTables,
  'phema-walk': runPostHocWalk,
  magnitudes: runMagnitudes,
  'toy-mixture': runToyMixture,
};

/** The runner of a case ("block-enc-skip" is run by "block"); undefined: nobody knows this case. */
export function findRunner(name: string): Runner | undefined {
  const parts = name.split('-');
  for (let length = parts.length; length > 0; length--) {
    const runner = runners[parts.slice(0, length).join('-')];
    if (runner !== undefined) return runner;
  }
  return undefined;
}
