import * as z from 'zod';
import { defineCall, defineEvent } from './call.ts';
import { Id, Timestamp } from './common.ts';

/** What is measured: an optimiser step with all its micro-batches, or one evaluation of the network while it draws. */
export const profiledWork = ['training', 'sampling'] as const;
export const ProfiledWork = z.enum(profiledWork);
export type ProfiledWork = z.infer<typeof ProfiledWork>;

/**
 * What an op is for. `weights`: what is done to weights before they are used, and its gradient. `optimiser`: sums of
 * gradients, Adam, averages. All others are the network's, by what they compute; `other`: constants, variables and feeds,
 * which cost next to nothing, and whatever has no name here.
 */
export const opKinds = [
  'convolution',
  'products',
  'elementwise',
  'weights',
  'optimiser',
  'copies',
  'random',
  'other',
] as const;
export const OpKind = z.enum(opKinds);
export type OpKind = z.infer<typeof OpKind>;

export const opKindWords: Readonly<Record<OpKind, string>> = {
  convolution: 'convolutions',
  products: 'matrix products',
  elementwise: 'element-wise and sums',
  weights: 'weights',
  optimiser: 'optimiser',
  copies: 'copies and casts',
  random: 'random numbers',
  other: 'constants and others',
};

/** Where in a program a layer is: what the network computes, what is done to weights before their use, and the optimiser. */
export const layerParts = ['network', 'weights', 'optimiser'] as const;
export type LayerPart = (typeof layerParts)[number];

/**
 * The name of the scope (`tf.tidy`) in which a layer computes: its ops bear that name in the graph, and so in a trace.
 *
 * @param layer of the network: the official name of its parameters without ".weight"
 */
export function layerScope(part: LayerPart, layer: string): string {
  return `${part}/${layer.replaceAll('/', '-')}`;
}

const LAYER = new RegExp(`(?:^|/)(${layerParts.join('|')})/([^/]+)(?:/|$)`);

/** Part and layer in the name of a scope, or of a node of a graph, however TensorFlow has rewritten it; null: none. */
export function layerOf(name: string): { readonly part: LayerPart; readonly layer: string } | null {
  const [, part, layer] = LAYER.exec(name) ?? [];
  return part === undefined ? null : { part: part as LayerPart, layer: layer! };
}

/** What is said of a step that computes parts of its pictures side by side; '' for the others. */
export function sidesWords({ sides }: Pick<Profile, 'sides'>): string {
  if (sides === 1) return '';
  return sides === 2 ? 'in two halves side by side' : `in ${sides} parts side by side`;
}

const milliseconds = z.number().nonnegative();

/** Where the time of a step goes. */
export const Profile = z.strictObject({
  work: ProfiledWork,
  /** Pictures that went through the network. */
  images: z.int().positive(),
  /** In words. */
  device: z.string(),
  /** Equally large parts of the pictures that went through the network side by side. */
  sides: z.int().positive().default(1),
  /** How many ops ran, those of each side, constants and variables included. */
  ops: z.int().nonnegative(),
  /** By the clock: with the trace, which costs time itself, and without, the median of some. */
  milliseconds,
  untracedMilliseconds: milliseconds,
  /** Ops and their time by kind. Ops that ran side by side count each; on a card it is the time of its kernels. */
  kinds: z.record(OpKind, z.strictObject({ ops: z.int().nonnegative(), milliseconds })),
  /** The slowest ops, the slowest first. */
  slowest: z.array(
    z.strictObject({
      /** TensorFlow's name of the operation. */
      op: z.string(),
      kind: OpKind,
      /** null: it belongs to none. */
      layer: z.string().nullable(),
      milliseconds,
      /** Type and shape of what it gives: "float32 [16,32,32,64]"; null: nothing. */
      output: z.string().nullable(),
    }),
  ),
  /** Memory at its highest, bytes. */
  peakBytes: z.int().nonnegative(),
  /**
   * Of what that is: of what TensorFlow had taken for tensors, weights on a card included, or, where it doesn't tell, of the
   * resident memory of the process since it began.
   */
  peakOf: z.enum(['tensors', 'process']),
});
export type Profile = z.infer<typeof Profile>;

/** A measurement of a run's step that was kept. Its trace is at /files/profiles/<id>.json, for Perfetto. */
export const KeptProfile = z.strictObject({
  id: Id,
  runId: Id,
  /** Training images that the run had seen. */
  nimg: z.int().nonnegative(),
  profile: Profile,
  createdAt: Timestamp,
});
export type KeptProfile = z.infer<typeof KeptProfile>;

/**
 * Measures a step of a run. One that trains traces its next step, and `jobId` is null; else a job measures, with weights
 * and pictures of its own, and changes nothing of the run. `profileAdded` tells of the measurement.
 */
export const measureStep = defineCall(
  'profiles.measure',
  z.strictObject({ runId: Id, work: ProfiledWork }),
  z.strictObject({ jobId: Id.nullable() }),
);
/** The newest first. */
export const listProfiles = defineCall('profiles.list', z.strictObject({ runId: Id }), z.array(KeptProfile));
export const profileAdded = defineEvent('profile.added', KeptProfile);
