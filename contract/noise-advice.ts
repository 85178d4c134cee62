import * as z from 'zod';
import { defineCall } from './call.ts';
import { Id } from './common.ts';
import { NoiseDensity } from './noise-density.ts';

/** Where a run's noise density should sit, from what it recorded by noise level. docs/noise-levels.md has the rule. */
export const NoiseAdvice = z.strictObject({
  /**
   * 'too-little': too few images of too few noise levels, or none recorded. 'too-early': the error has not fallen yet.
   * 'beyond': it has fallen most at the edge of what was seen; a new run would look there. 'fits': the density sits well. 'move': another sits better.
   */
  verdict: z.enum(['too-little', 'too-early', 'beyond', 'fits', 'move']),
  /** What to do, one or two sentences. */
  text: z.string(),
  /** Why: what the error and the gradient are at which noise levels; empty while there is too little. */
  reason: z.string(),
  current: NoiseDensity,
  /** What a new run should have; null: nothing else than the current, or it can't be told. */
  proposed: NoiseDensity.nullable(),
  /** −ln of the weighted error of each noise level, at least 0: how far the loss has fallen there; null: too few images. */
  fallen: z.array(z.strictObject({ sigma: z.number(), value: z.number().nullable() })),
});
export type NoiseAdvice = z.infer<typeof NoiseAdvice>;

export const runNoiseAdvice = defineCall('runs.noiseAdvice', z.strictObject({ id: Id }), NoiseAdvice);
