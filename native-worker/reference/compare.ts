/** How far a result may be from the reference. */
export interface Tolerance {
  readonly atol: number;
  readonly rtol: number;
  /**
   * For states after training steps: it also passes if its relative L2 distance is at most `relativeL2` and every
   * element is within `absolute`. Adam divides a gradient by its own size, so where that is rounding noise the sign of
   * a step, and with it up to two learning rates a step, is not determined.
   */
  readonly alternative?: { readonly relativeL2: number; readonly absolute: number };
}

/** One thing that was compared. */
export interface Comparison {
  readonly what: string;
  readonly passed: boolean;
  /** Largest error divided by what is allowed there: passed if at most 1. */
  readonly worst: number;
  /** What is wrong, if it isn't the error. */
  readonly note?: string;
}

type List = ArrayLike<number>;

/** Compares number by number. NaN anywhere, or another count, fails. */
export function compare(what: string, mine: List, reference: List, tolerance: Tolerance): Comparison {
  if (mine.length !== reference.length) {
    return { what, passed: false, worst: Infinity, note: `${mine.length} numbers instead of ${reference.length}` };
  }
  const { atol, rtol, alternative } = tolerance;
  const elementwise = worstOf(mine, reference, (r) => atol + rtol * Math.abs(r));
  if (elementwise <= 1 || alternative === undefined) return { what, passed: elementwise <= 1, worst: elementwise };
  const distance = relativeL2(mine, reference) / alternative.relativeL2;
  const largest = worstOf(mine, reference, () => alternative.absolute);
  const worst = Math.max(distance, largest);
  return { what, passed: worst <= 1, worst: worst <= 1 ? worst : Math.min(elementwise, worst), note: 'by L2' };
}

function worstOf(mine: List, reference: List, allowed: (reference: number) => number): number {
  let worst = 0;
  for (let i = 0; i < mine.length; i++) {
    const error = Math.abs(mine[i]! - reference[i]!);
    if (error === 0) continue;
    const ratio = error / allowed(reference[i]!);
    if (!(ratio <= worst)) worst = Number.isNaN(ratio) ? Infinity : ratio;
  }
  return worst;
}

function relativeL2(mine: List, reference: List): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < mine.length; i++) {
    difference += (mine[i]! - reference[i]!) ** 2;
    size += reference[i]! ** 2;
  }
  return Math.sqrt(difference / size);
}

/** Leaves of nested objects and arrays of numbers, by dotted path. */
export function flatten(value: unknown, prefix = ''): Map<string, number> {
  const leaves = new Map<string, number>();
  const visit = (inner: unknown, at: string): void => {
    if (typeof inner === 'number') leaves.set(at, inner);
    else if (inner !== null && typeof inner === 'object') {
      for (const [key, child] of Object.entries(inner)) visit(child, at === '' ? key : `${at}.${key}`);
    }
  };
  visit(value, prefix);
  return leaves;
}
