import { planNetwork } from './architecture.ts';
import { AppError } from './errors.ts';
import { withSetting } from './config-settings.ts';
import { shapeFor } from './data-shape.ts';
import type { Dataset } from './datasets.ts';
import { climb, rungNames, type RungName } from './ladder.ts';
import { beginning, LONGEST_NAME } from './names.ts';
import { runFieldNamed } from './run-fields.ts';
import { unknownField } from './run-filter.ts';
import type { RunSummary } from './runs.ts';
import { NewRunConfig, type RunConfig } from './training.ts';

/** An ablation: one run for each combination of some settings, all else being equal. */

/** What differs between its runs. */
export interface Axis {
  /** "rung", or the path of a setting ("training.learningRate"). */
  readonly field: string;
  /** For people: the name that is asked for. */
  readonly name: string;
  /** JSON values, at least one, all different. */
  readonly values: readonly unknown[];
}

/** A run of it: a value of each axis, in their order. */
export type Point = readonly { readonly axis: Axis; readonly value: unknown }[];

/** Runs of an ablation at most: more is a slip of the pen. */
export const MOST_RUNS = 200;

/**
 * Reads an axis: "rung=A..G", "lr=0.005,0.01", "seed=0..2", "network.channelMult=[1,2],[1,2,2]". Values are JSON, what isn't is
 * taken as text; `a..b` are all whole numbers or rungs from a to b.
 *
 * @throws {AppError} 'invalid-input', saying what to type instead
 */
export function readAxis(text: string): Axis {
  const at = text.indexOf('=');
  if (at < 1) throw new AppError('invalid-input', `An axis is NAME=VALUE,VALUE, such as rung=A..G, not "${text}".`);
  const name = text.slice(0, at).trim();
  const field = runFieldNamed(name);
  if (field === undefined) throw new AppError('invalid-input', unknownField(name));
  if (!field.ofConfig)
    throw new AppError('invalid-input', `Runs can't be made to differ in "${name}": it is no setting.`);
  const values = pieces(text.slice(at + 1)).flatMap((piece) => valuesOf(field.name, piece.trim()));
  const texts = values.map((value) => JSON.stringify(value));
  const twice = texts.find((value, index) => texts.indexOf(value) !== index);
  if (twice !== undefined) throw new AppError('invalid-input', `${name} has the value ${twice} twice.`);
  return { field: field.name, name, values };
}

/**
 * Every combination, the last axis changing fastest.
 *
 * @throws {AppError} 'invalid-input' for an axis that is there twice, and for too many runs
 */
export function pointsOf(axes: readonly Axis[]): Point[] {
  const twice = axes.find(({ field }, index) => axes.findIndex((other) => other.field === field) !== index);
  if (twice !== undefined) {
    throw new AppError('invalid-input', `${twice.name} is given twice; name all its values in one: ${twice.name}=A,B.`);
  }
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > MOST_RUNS) {
    throw new AppError(
      'invalid-input',
      `This grid has ${count} runs; at most ${MOST_RUNS} are queued at once. Leave values out.`,
    );
  }
  return axes.reduce<Point[]>(
    (points, axis) => points.flatMap((point) => axis.values.map((value) => [...point, { axis, value }])),
    [[]],
  );
}

/** "rung C, lr 0.005, seed 1". */
export function pointName(point: Point): string {
  return point
    .map(({ axis, value }) => `${axis.name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

/** The rung of a point; null: no axis says. */
export function rungAt(point: Point): RungName | null {
  const found = point.find(({ axis }) => axis.field === 'rung');
  return found === undefined ? null : (found.value as RungName);
}

/** The settings of a point, by their paths. */
export function settingsAt(point: Point): { readonly path: string; readonly value: unknown }[] {
  return point.flatMap(({ axis, value }) => (axis.field === 'rung' ? [] : [{ path: axis.field, value }]));
}

/**
 * The configuration of a point.
 *
 * @param base   on rung G
 * @param common settings of all points, by their paths
 * @throws {AppError} 'invalid-input' if it makes no sense, naming the point
 */
export function configAt(base: RunConfig, common: Readonly<Record<string, unknown>>, point: Point): RunConfig {
  const settings = [...Object.entries(common), ...settingsAt(point).map(({ path, value }) => [path, value] as const)];
  const climbed: unknown = climb(base, rungAt(point) ?? 'G');
  const parsed = NewRunConfig.safeParse(
    settings.reduce((config, [path, value]) => withSetting(config, path, value), climbed),
  );
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError(
    'invalid-input',
    `The run of ${pointName(point)} can't be: ${issue!.path.join('.')}: ${issue!.message}.`,
  );
}

/**
 * Refuses runs whose network can't be built for the data, or would learn nothing, before the first of them is queued.
 *
 * @throws {AppError} 'invalid-input' naming the point
 */
export function checkNetworks(
  dataset: Pick<Dataset, 'resolution' | 'channels' | 'classes'>,
  runs: readonly { readonly point: Point; readonly config: RunConfig }[],
): void {
  for (const { point, config } of runs) {
    try {
      planNetwork(config.network, shapeFor(dataset, config));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new AppError(error.code, `The run of ${pointName(point)} can't be: ${error.message}`, { cause: error });
    }
  }
}

/** One word that runs are tagged with, of any text. */
export function ablationTag(text: string): string {
  return beginning(text.trim().replaceAll(/[\s,]+/gu, '-'), LONGEST_TAG);
}

/** A tag that no run has: the wanted one, or with a number behind it. */
export function freeTag(wanted: string, runs: readonly Pick<RunSummary, 'tags'>[]): string {
  const taken = new Set(runs.flatMap(({ tags }) => tags.map((tag) => tag.toLowerCase())));
  for (let number = 1; ; number += 1) {
    const end = number === 1 ? '' : `-${number}`;
    const tag = `${beginning(wanted, LONGEST_TAG - end.length)}${end}`;
    if (!taken.has(tag.toLowerCase())) return tag;
  }
}

/** The name of a point's run: what differs between it and the others. */
export function runNameAt(tag: string, point: Point): string {
  const differing = point.filter(({ axis }) => axis.values.length > 1);
  return beginning(`${tag}: ${pointName(differing.length > 0 ? differing : point)}`, LONGEST_NAME);
}

const LONGEST_TAG = 40;

/** Cuts at commas that stand in no bracket and no quotes. */
function pieces(text: string): string[] {
  const found: string[] = [];
  let from = 0;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at]!;
    if (letter === '"') quoted = !quoted;
    if (!quoted && '[{'.includes(letter)) depth += 1;
    if (!quoted && ']}'.includes(letter)) depth -= 1;
    if (letter !== ',' || depth !== 0 || quoted) continue;
    found.push(text.slice(from, at));
    from = at + 1;
  }
  return [...found, text.slice(from)];
}

/** Whole numbers of a range at most: more would be no ablation. */
const LONGEST_RANGE = 1000;

function valuesOf(field: string, text: string): unknown[] {
  if (field === 'rung') return rungsOf(text);
  const range = /^(-?\d+)\.\.(-?\d+)$/.exec(text);
  if (range !== null) {
    const [from, to] = [Number(range[1]), Number(range[2])];
    if (to < from || to - from >= LONGEST_RANGE)
      throw new AppError('invalid-input', `"${text}" is no range: write the smaller number first, such as 0..2.`);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  }
  if (text === '') throw new AppError('invalid-input', `A value is missing between the commas of ${field}.`);
  try {
    return [JSON.parse(text) as unknown];
  } catch {
    return [text];
  }
}

function rungsOf(text: string): RungName[] {
  const [from, to = from, ...more] = text.toUpperCase().split('..') as RungName[];
  const [first, last] = [rungNames.indexOf(from!), rungNames.indexOf(to!)];
  if (first < 0 || last < first || more.length > 0)
    throw new AppError('invalid-input', `"${text}" is no configuration: write A to G, or some of them as A..G.`);
  return rungNames.slice(first, last + 1);
}
