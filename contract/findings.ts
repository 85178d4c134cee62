import * as z from 'zod';
import { defineCall } from './call.ts';
import { Id } from './common.ts';
import { DynamicsKind } from './dynamics.ts';

/** What a run's numbers say in words: found by rules that name themselves, never by opinion. */

/** The rules, in the order in which their findings are told. docs/findings.md has them. */
export const FindingRule = z.enum([
  'loss-not-finite',
  'loss-spikes',
  'overfitting',
  'validated',
  'weights-grow',
  'weights-held',
  'activations-grow',
  'activations-steady',
  'rates-apart',
  'rates-alike',
  'idle-layers',
  'idle-gains',
  'noise-weight',
  'clipped',
  'half-range',
  'gradients-not-finite',
]);
export type FindingRule = z.infer<typeof FindingRule>;

export const Finding = z.strictObject({
  rule: FindingRule,
  /** Whether it is as it should be, worth a look, or harmful. */
  tone: z.enum(['good', 'warn', 'bad']),
  /** What was found, one or two sentences. */
  text: z.string(),
  /** The rule that found it, a sentence with its numbers. */
  reason: z.string(),
  /** Where it is seen: a kind's map, a row of it and a moment, each null where it has none; no kind: the curve of the loss. */
  kind: DynamicsKind.nullable(),
  row: z.string().nullable(),
  nimg: z.int().nullable(),
});
export type Finding = z.infer<typeof Finding>;

/** What a run's numbers say so far; none while it has too few of them. */
export const runFindings = defineCall('runs.findings', z.strictObject({ id: Id }), z.array(Finding));
