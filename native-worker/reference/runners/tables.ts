import * as z from 'zod';
import { samplerSigmas } from '../../edm2/sampling/sampler.ts';
import { innerProduct, profileResponse, solvePostHoc } from '../../../contract/post-hoc.ts';
import { averageDecay, gammaFromSigmaRel, sigmaRelFromGamma } from '../../../contract/power-function.ts';
import { learningRate } from '../../edm2/training/schedule.ts';
import { compare } from '../compare.ts';
import type { Comparison } from '../compare.ts';
import type { Runner } from '../runner.ts';

/** Tables are in float64; this is the tolerance that their README states. */
const DOUBLE = { atol: 0, rtol: 1e-12 };
/** The official sampler computes its noise levels in float32, which costs some 1e-6: rounding errors times rho. */
const SINGLE = { atol: 0, rtol: 8e-6 };

const Sigmas = z.looseObject({
  tables: z.array(
    z.looseObject({
      num_steps: z.int(),
      sigma_min: z.number(),
      sigma_max: z.number(),
      rho: z.number(),
      sigmas: z.array(z.number()),
      sigmas_float32: z.array(z.number()),
    }),
  ),
});

export const runSamplerSigmas: Runner = (reference) => ({
  values: new Map(),
  comparisons: Sigmas.parse(reference.json()).tables.flatMap((table) => {
    const { num_steps: steps, sigma_min: sigmaMin, sigma_max: sigmaMax, rho } = table;
    const mine = samplerSigmas({ steps, sigmaMin, sigmaMax, rho });
    return [
      compare(`${steps} steps`, mine, table.sigmas, DOUBLE),
      compare(`${steps} steps in float32`, mine, table.sigmas_float32, SINGLE),
    ];
  }),
});

const Rates = z.looseObject({
  table: z.array(
    z.looseObject({
      cur_nimg: z.number(),
      batch_size: z.int(),
      ref_lr: z.number(),
      ref_batches: z.number(),
      rampup_Mimg: z.number(),
      lr: z.number(),
    }),
  ),
});

export const runLearningRates: Runner = (reference) => ({
  values: new Map(),
  comparisons: Rates.parse(reference.json()).table.map((row) => {
    const mine = learningRate(row.cur_nimg, {
      batchSize: row.batch_size,
      learningRate: row.ref_lr,
      decayBatches: row.ref_batches,
      rampUpImages: row.rampup_Mimg * 1e6,
    });
    return compare(`at ${row.cur_nimg} images, alpha_ref ${row.ref_lr}`, [mine], [row.lr], DOUBLE);
  }),
});

const PostHoc = z.looseObject({
  std_to_exp: z.array(z.looseObject({ std: z.number(), exp: z.number() })),
  exp_to_std: z.array(z.looseObject({ std: z.number(), exp: z.number() })),
  power_function_beta: z.array(
    z.looseObject({ std: z.number(), t_next: z.number(), t_delta: z.number(), beta: z.number() }),
  ),
  power_function_response: z.array(
    z.looseObject({ ofs: z.number(), std: z.number(), len: z.int(), response: z.array(z.number()) }),
  ),
  power_function_correlation: z.array(
    z.looseObject({ a_ofs: z.number(), a_std: z.number(), b_ofs: z.number(), b_std: z.number(), value: z.number() }),
  ),
  solve_posthoc_coefficients: z.array(
    z.looseObject({
      name: z.string(),
      in_ofs: z.array(z.number()),
      in_std: z.array(z.number()),
      out_ofs: z.array(z.number()),
      out_std: z.array(z.number()),
      coefficients: z.array(z.array(z.number())),
      atol: z.number(),
    }),
  ),
});

export const runPostHocTables: Runner = (reference) => {
  const tables = PostHoc.parse(reference.json());
  const comparisons: Comparison[] = [
    ...tables.std_to_exp.map(({ std, exp }) => compare(`gamma of ${std}`, [gammaFromSigmaRel(std)], [exp], DOUBLE)),
    ...tables.exp_to_std.map(({ std, exp }) => compare(`width of ${exp}`, [sigmaRelFromGamma(exp)], [std], DOUBLE)),
    ...tables.power_function_beta.map(({ std, t_next, t_delta, beta }) =>
      compare(`beta of ${std} at ${t_next}`, [averageDecay(std, t_next, t_delta)], [beta], DOUBLE),
    ),
    ...tables.power_function_response.map(({ ofs, std, len, response }) =>
      compare(`response of ${std} at ${ofs}`, profileResponse(std, ofs, len), response, DOUBLE),
    ),
    ...tables.power_function_correlation.map((row) =>
      compare(
        `product of ${row.a_std} at ${row.a_ofs} and ${row.b_std} at ${row.b_ofs}`,
        [innerProduct({ time: row.a_ofs, sigmaRel: row.a_std }, { time: row.b_ofs, sigmaRel: row.b_std })],
        [row.value],
        DOUBLE,
      ),
    ),
    ...tables.solve_posthoc_coefficients.map((system) => {
      const stored = system.in_ofs.map((time, index) => ({ time, sigmaRel: system.in_std[index]! }));
      const targets = system.out_ofs.map((time, index) => ({ time, sigmaRel: system.out_std[index]! }));
      const columns = solvePostHoc(stored, targets).map(({ coefficients }) => coefficients);
      const mine = stored.flatMap((_, row) => columns.map((column) => column[row]!));
      return compare(`coefficients ${system.name}`, mine, system.coefficients.flat(), { atol: system.atol, rtol: 0 });
    }),
  ];
  return { values: new Map(), comparisons };
};
