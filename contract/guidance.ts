import * as z from 'zod';
import { Id } from './common.ts';
import { ModelRef } from './models.ts';
import type { DataShape } from './network.ts';

/**
 * Guidance by another network (arXiv 2406.02507, Eq. 3): D = D_guide + strength · (D_main − D_guide). A guide without
 * classes makes it classifier-free guidance; a smaller or less trained one with the same classes autoguidance.
 */
export const Guidance = z.strictObject({
  guide: ModelRef,
  /** w; 1: as without a guide. Above 1 pictures move away from what the guide would draw. */
  strength: z.number().min(0).max(100),
});
export type Guidance = z.infer<typeof Guidance>;

/** What guided a sheet, and what the guide was: what `guide` names may be gone. */
export const UsedGuidance = Guidance.extend({ runId: Id, nimg: z.int(), sigmaRel: z.number() });
export type UsedGuidance = z.infer<typeof UsedGuidance>;

/** Strength that is proposed: near the best that arXiv 2406.02507 found for a network of size S. */
export const USUAL_STRENGTH = 2;

/** A network as `guideProblem` judges it: its run's name and what its data decided. */
export interface GuideFacts {
  readonly name: string;
  readonly shape: DataShape;
}

/** Why a network can't guide another, in a sentence that says what to do; null: it can. */
export function guideProblem(main: GuideFacts, guide: GuideFacts): string | null {
  const [a, b] = [main.shape, guide.shape];
  if (a.resolution !== b.resolution || a.channels !== b.channels) {
    return (
      `"${guide.name}" can't guide "${main.name}": it draws ${pictures(b)}, not ${pictures(a)}. ` +
      'Choose a guide that was trained on pictures of the same size.'
    );
  }
  if (b.labelDim === 0 || a.labelDim === b.labelDim) return null;
  if (a.labelDim === 0) {
    return (
      `"${guide.name}" can't guide "${main.name}": it was trained with classes, and "${main.name}" without. ` +
      'Choose a guide that was trained without classes.'
    );
  }
  return (
    `"${guide.name}" can't guide "${main.name}": it knows ${b.labelDim} classes, not ${a.labelDim}. ` +
    'Choose a guide with the same classes, or one that was trained without.'
  );
}

/** Whether two references name the same network. */
export function sameModel(a: ModelRef, b: ModelRef): boolean {
  const key = (ref: ModelRef): string => JSON.stringify(ModelRef.parse(ref));
  return key(a) === key(b);
}

function pictures({ resolution, channels }: DataShape): string {
  return `${resolution}×${resolution} pictures of ${channels} ${channels === 1 ? 'channel' : 'channels'}`;
}
