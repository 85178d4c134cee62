import * as z from 'zod';
import { defineCall, Nothing } from './call.ts';
import { Devices } from './devices.ts';
import { Id, Timestamp } from './common.ts';
import { Guidance, UsedGuidance } from './guidance.ts';
import { ModelRef } from './models.ts';
import { Precision } from './precision.ts';
import { Engine, SamplerConfig } from './training.ts';

/**
 * For what a sheet was drawn: by a run while it trained; on the Generate page or by `edm2 sample`; by the EMA lab, which
 * draws one for each average that is looked at.
 */
export const SampleOrigin = z.enum(['grid', 'generate', 'ema-lab']);
export type SampleOrigin = z.infer<typeof SampleOrigin>;

/** A sheet of generated pictures. The PNG is at /files/samples/<id>.png, one picture at /files/samples/<id>/<index>.png. */
export const Sample = z.strictObject({
  id: Id,
  runId: Id,
  origin: SampleOrigin,
  /** Training images the network had seen. */
  nimg: z.int(),
  /** sigma_rel of the average that drew it. */
  sigmaRel: z.number(),
  snapshotId: Id.nullable(),
  /** What drew it, as it was asked for; null: the run itself, while it trained. What it names may be gone. */
  model: ModelRef.nullable(),
  /** One seed a picture, row by row. */
  seeds: z.array(z.int()),
  /** One label a picture; null: no class. */
  labels: z.array(z.int().nullable()),
  columns: z.int(),
  /** Width and height of one picture in pixels. */
  resolution: z.int(),
  sampler: SamplerConfig,
  /** null: none. */
  guidance: UsedGuidance.nullable(),
  precision: Precision,
  /** Seconds it took. */
  seconds: z.number(),
  createdAt: Timestamp,
});
export type Sample = z.infer<typeof Sample>;

export const GenerateRequest = z.strictObject({
  model: ModelRef,
  /** One a picture; the same seed and class give the same picture. */
  seeds: z
    .array(
      z
        .int()
        .min(0)
        .max(2 ** 31 - 1),
    )
    .min(1)
    .max(1024),
  /** One a picture, or null for the class the seed draws by itself (unconditional networks: always null). */
  labels: z.array(z.int().nonnegative().nullable()),
  columns: z.int().min(1).max(64),
  sampler: SamplerConfig,
  guidance: Guidance.nullable().default(null),
  origin: SampleOrigin.exclude(['grid']).default('generate'),
  precision: Precision.default('fp32'),
  /** Pictures that go through the network of a device at once. */
  batchSize: z.int().min(1).max(256).default(32),
  engine: Engine.default('graph'),
  /** That share the pictures, each `batchSize` at once; null: the one of the settings. */
  devices: Devices.nullable().default(null),
});
export type GenerateRequest = z.infer<typeof GenerateRequest>;

export const generate = defineCall('samples.generate', GenerateRequest, z.strictObject({ jobId: Id }));
export const listSamples = defineCall(
  'samples.list',
  z.strictObject({
    runId: Id.nullable(),
    /** Null: all. */
    origin: SampleOrigin.nullable().default(null),
    limit: z.int().min(1).max(2000).default(500),
  }),
  z.array(Sample),
);
export const getSample = defineCall('samples.get', z.strictObject({ id: Id }), Sample);
export const deleteSample = defineCall('samples.delete', z.strictObject({ id: Id }), Nothing);
