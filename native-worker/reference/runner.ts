import type { ReferenceCase } from './case-file.ts';
import type { Comparison } from './compare.ts';
import type { Engine } from './engine.ts';

/** What a runner computed, in official layout. */
export interface Results {
  /** By the name of the output in the index. */
  readonly values: ReadonlyMap<string, ArrayLike<number>>;
  readonly scalars?: Readonly<Record<string, unknown>>;
  /** For tables, which state their tolerances themselves. */
  readonly comparisons?: readonly Comparison[];
}

/** Computes a case with our code. Shapes and settings come from the case, so that others of its kind run, too. */
export type Runner = (reference: ReferenceCase, engine: Engine) => Results | Promise<Results>;
