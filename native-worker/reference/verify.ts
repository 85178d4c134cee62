import { AppError } from '../../contract/errors.ts';
import type { OutputInfo, ReferenceCase } from './case-file.ts';
import { compare, flatten } from './compare.ts';
import type { Comparison, Tolerance } from './compare.ts';
import { engineOf, type How } from './engine.ts';
import { findRunner } from './runners.ts';

/** What became of one case. */
export interface Verdict {
  readonly name: string;
  readonly passed: boolean;
  /** Largest error of all comparisons relative to its tolerance. */
  readonly worst: number;
  readonly compared: number;
  /** Comparisons that failed, or one line that says why there are none. */
  readonly failures: readonly string[];
  /** The comparison that came closest to failing, or failed worst. */
  readonly worstOf: string;
}

const opByOp: How = { engine: 'eager', precision: 'fp32' };

/** Runs one case in the given way. A case without a runner fails, and so does an output that its runner doesn't compute. */
export async function verifyCase(reference: ReferenceCase, how: How = opByOp): Promise<Verdict> {
  const runner = findRunner(reference.name);
  if (runner === undefined) return failed(reference, 'no runner knows this case');
  try {
    const { values, scalars = {}, comparisons = [] } = await runner(reference, engineOf(how));
    return verdictOf(reference, [
      ...comparisons,
      ...Object.entries(reference.outputs).map(([name, info]) =>
        compareOutput(reference, name, info, values.get(name)),
      ),
      ...compareScalars(reference, scalars),
    ]);
  } catch (error) {
    if (error instanceof AppError) return failed(reference, error.message);
    return failed(reference, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

function compareOutput(
  reference: ReferenceCase,
  name: string,
  info: OutputInfo,
  mine: ArrayLike<number> | undefined,
): Comparison {
  if (mine === undefined) return { what: name, passed: false, worst: Infinity, note: 'not computed' };
  return compare(name, mine, reference.read(name).data, toleranceOf(reference, name, info));
}

function toleranceOf(reference: ReferenceCase, name: string, info: OutputInfo): Tolerance {
  // Bytes have no tolerance in the index: rounding may move a number across a whole one.
  if (info.dtype === 'U8') return { atol: 1, rtol: 0 };
  const { atol, rtol, f64_rel_l2: l2 } = info;
  if (atol === undefined || rtol === undefined) {
    throw new AppError('corrupt-file', `Case ${reference.name} states no tolerance for "${name}".`);
  }
  const step = /^(?:state|ema-\d+\.\d+)\.step(\d+)\./.exec(name);
  if (step === null || l2 === undefined) return { atol, rtol };
  const rates = reference.scalars.lr;
  const steps = Number(step[1]);
  const sum = Array.isArray(rates) ? rates.slice(0, steps).reduce((total: number, rate) => total + Number(rate), 0) : 0;
  return { atol, rtol, alternative: { relativeL2: 8 * l2, absolute: 2 * sum } };
}

function compareScalars(reference: ReferenceCase, mine: Readonly<Record<string, unknown>>): Comparison[] {
  return Object.entries(reference.scalars).map(([name, expected]) => {
    const tolerance = reference.scalarTolerance[name];
    if (tolerance === undefined) {
      throw new AppError('corrupt-file', `Case ${reference.name} states no tolerance for the scalar "${name}".`);
    }
    if (!(name in mine)) return { what: name, passed: false, worst: Infinity, note: 'not computed' };
    const wanted = flatten(expected, name);
    const found = flatten(mine[name], name);
    return compare(
      name,
      [...wanted.keys()].map((key) => found.get(key) ?? NaN),
      [...wanted.values()],
      { atol: 0, rtol: tolerance.rtol },
    );
  });
}

function verdictOf(reference: ReferenceCase, comparisons: readonly Comparison[]): Verdict {
  if (comparisons.length === 0) return failed(reference, 'nothing was compared');
  const worst = comparisons.reduce((a, b) => (b.worst > a.worst ? b : a));
  const failures = comparisons.filter(({ passed }) => !passed);
  return {
    name: reference.name,
    passed: failures.length === 0,
    worst: worst.worst,
    compared: comparisons.length,
    failures: failures.map(
      ({ what, worst, note }) => `${what}: ${note ?? `error ${worst.toPrecision(3)} × tolerance`}`,
    ),
    worstOf: worst.what,
  };
}

function failed({ name }: ReferenceCase, why: string): Verdict {
  return { name, passed: false, worst: Infinity, compared: 0, failures: [why], worstOf: '' };
}
