import * as z from 'zod';
import { errorCodes } from './errors.ts';

/** What the 2D toy is asked for. */
export const ToyRequest = z.strictObject({
  /** Optimiser steps of the main network; the guide takes an eighth. */
  steps: z.int().min(8).max(100_000),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  /** w of autoguidance; 1: none. */
  guidance: z.number().min(0).max(20),
});
export type ToyRequest = z.infer<typeof ToyRequest>;

/** What is known of points, and of the network that drew them. */
export const ToyFigures = z.strictObject({
  /** Share of points where the true density is lower than at 99 % of true points. */
  outliers: z.number(),
  /** Mean of the logarithm of the true density at the points, in nats. */
  logDensity: z.number(),
  /** KL(truth ‖ points) between histograms of the plane, in nats: large where part of the truth is missing. */
  divergence: z.number(),
});
export type ToyFigures = z.infer<typeof ToyFigures>;

/** A network that was trained. */
export const ToyTraining = z.strictObject({
  /** Units of a hidden layer. */
  width: z.int(),
  parameters: z.int(),
  steps: z.int(),
  /** Mean loss of the first and the last sixteenth of the steps: λ(σ)/e^u (D − y)² + u per coordinate. */
  firstLoss: z.number(),
  lastLoss: z.number(),
  /** Mean of λ(σ) (D − D*)² per coordinate at training's noise levels, D* being the ideal denoiser of the mixture. */
  excess: z.number(),
  seconds: z.number(),
});
export type ToyTraining = z.infer<typeof ToyTraining>;

export const ToyResult = z.strictObject({
  main: ToyTraining,
  guide: ToyTraining,
  /** Points of each panel. */
  points: z.int(),
  panels: z.strictObject({ truth: ToyFigures, guide: ToyFigures, main: ToyFigures, autoguidance: ToyFigures }),
  seconds: z.number(),
});
export type ToyResult = z.infer<typeof ToyResult>;

/** What the process that computes the toy says, a line each. */
export const ToyMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('progress'), share: z.number(), words: z.string() }),
  /** `png`: the picture, base64. */
  z.strictObject({ type: z.literal('done'), result: ToyResult, png: z.string() }),
  /** The process ends afterwards. */
  z.strictObject({ type: z.literal('failed'), code: z.enum(errorCodes), message: z.string() }),
]);
export type ToyMessage = z.infer<typeof ToyMessage>;
