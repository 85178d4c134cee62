import type { Dataset } from '../../contract/datasets.ts';
import { Devices } from '../../contract/devices.ts';
import { AppError } from '../../contract/errors.ts';
import { todaysName } from '../../contract/formats.ts';
import { climb, rungNames, type RungName } from '../../contract/ladder.ts';
import { named } from '../../contract/names.ts';
import { Precision, precisionNames } from '../../contract/precision.ts';
import { findPreset, presets } from '../../contract/presets.ts';
import type { RunSummary } from '../../contract/runs.ts';
import { Engine, MAX_SIGMA_REL, NewRunConfig, type RunConfig, SigmaRel } from '../../contract/training.ts';
import { firstIssue } from './issue-words.ts';

/** Largest seed: non-negative 32-bit integers, as the contract has them. */
const MAX_SEED = 2 ** 31 - 1;

/** More pictures than this in one sheet are refused by the contract. */
const MAX_PICTURES = 1024;

/** Node lets a timer that is set for longer than this many milliseconds, 24 days, go off at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Seconds, a day: what is waited for longer than that is not waited for but forgotten. */
export const LONGEST_WAIT_SECONDS = 86_400;

/**
 * A whole number.
 *
 * @param option name for the message, "--images"
 * @param max    greatest that works
 * @param min    least that works
 * @throws {AppError} 'invalid-input'
 */
export function wholeNumber(text: string, option: string, max = Number.MAX_SAFE_INTEGER, min = 1): number {
  const value = Number(text);
  if (!/^\d+$/u.test(text.trim()) || value < min || value > max) {
    const unbounded = max === Number.MAX_SAFE_INTEGER && !(value > max);
    const range = unbounded ? (min === 1 ? 'above 0' : `from ${min} on`) : `from ${min} to ${max}`;
    throw new AppError('invalid-input', `${option} takes a whole number ${range}, not "${text}".`);
  }
  return value;
}

/** A positive number, fractions allowed. @param max greatest that works */
export function positiveNumber(text: string, option: string, max = Infinity): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0 || value > max) {
    const range = max === Infinity ? 'above 0' : `above 0 and up to ${max}`;
    throw new AppError('invalid-input', `${option} takes a number ${range}, not "${text}".`);
  }
  return value;
}

/** A number from `min` to `max`, fractions allowed. */
export function numberFrom(text: string, option: string, min: number, max = Infinity): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < min || value > max) {
    const range = max === Infinity ? `from ${min} on` : `from ${min} to ${max}`;
    throw new AppError('invalid-input', `${option} takes a number ${range}, not "${text}".`);
  }
  return value;
}

/** A length of an average, sigma_rel. */
export function lengthNamed(text: string, option: string): number {
  const length = SigmaRel.safeParse(text.trim() === '' ? null : Number(text));
  if (length.success) return length.data;
  throw new AppError(
    'invalid-input',
    `${option} takes a number above 0 and below ${MAX_SIGMA_REL.toFixed(4)}, not "${text}".`,
  );
}

/** What `--engine` is for, beside its name in a command's help. */
export const ENGINE_HELP = 'graph: a step is one call of TensorFlow; eager: op by op, for debugging';

export function engineNamed(text: string): Engine {
  const engine = Engine.safeParse(text);
  if (engine.success) return engine.data;
  throw new AppError('invalid-input', `--engine is graph or eager, not "${text}".`);
}

/** What `--devices` is for, beside its name in a command's help. */
export const DEVICES_HELP =
  'that share the work: gpu:0,gpu:1 (nvidia-smi’s numbers), or cpu:0,cpu:1, parts of the processor';

/** The same for commands that train on several machines. */
export const ALL_DEVICES_HELP = `${DEVICES_HELP}; of other machines gpu-box:7900/gpu:0, where \`edm2 worker\` runs`;

/** @throws {AppError} 'invalid-input' */
export function devicesNamed(text: string): Devices {
  const devices = Devices.safeParse(
    text.split(',').map((name) =>
      name
        .trim()
        .toLowerCase()
        .replace(/^local\//, ''),
    ),
  );
  if (devices.success) return devices.data;
  const issue = devices.error.issues[0]!.message;
  throw new AppError('invalid-input', `--devices, ${issue}; not "${text}".`);
}

/** What `--precision` is for, beside its name in a command's help. */
export const PRECISION_HELP = `${precisionNames}: type of the activations; \`edm2 doctor\` tells what the device does well`;

export function precisionNamed(text: string): Precision {
  const precision = Precision.safeParse(text);
  if (precision.success) return precision.data;
  throw new AppError('invalid-input', `--precision is ${precisionNames}, not "${text}".`);
}

/** What `--rung` is for, beside its name in a command's help. */
export const RUNG_HELP = 'configuration of the paper, A to G; default: G, as in the presets';

/** A rung of the ladder, in capitals or not. */
export function rungNamed(text: string): RungName {
  const found = rungNames.find((name) => name === text.trim().toUpperCase());
  if (found !== undefined) return found;
  throw new AppError('invalid-input', `--rung is one of ${rungNames.join(', ')}, not "${text}".`);
}

/**
 * Seeds as ranges and single numbers: "0-63", "1,5,9", "0-7,100".
 *
 * @throws {AppError} 'invalid-input' for anything else, and for more than 1024
 */
export function seedList(text: string): number[] {
  const seeds: number[] = [];
  for (const part of text.split(',')) {
    const match = /^\s*(\d+)(?:-(\d+))?\s*$/u.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || last < first || last > MAX_SEED) {
      throw new AppError(
        'invalid-input',
        `--seeds takes numbers and ranges such as 0-63 or 1,5,9, not "${part.trim()}".`,
      );
    }
    if (seeds.length + (last - first + 1) > MAX_PICTURES) {
      throw new AppError('invalid-input', `--seeds names more than ${MAX_PICTURES} pictures; ask for fewer at once.`);
    }
    for (let seed = first; seed <= last; seed += 1) seeds.push(seed);
  }
  return seeds;
}

/**
 * One class a picture, from names and numbers with commas between them: "cat" or "3" for all, "all" for as many rows as
 * there are classes. A name may have commas itself: the longest name that fits counts.
 *
 * @param classes names by label; empty: the network knows no classes
 * @returns labels to go through in turn
 * @throws {AppError} 'invalid-input'
 */
export function classList(text: string, classes: readonly string[]): number[] {
  needClasses(classes);
  if (text.trim() === 'all') return classes.map((_, label) => label);
  const parts = text.split(',');
  const most = 1 + Math.max(0, ...classes.map((name) => name.split(',').length - 1));
  const labels: number[] = [];
  for (let from = 0; from < parts.length;) {
    const found = longestName(parts.slice(from, from + most), classes);
    labels.push(found?.label ?? classNamed(parts[from]!, classes));
    from += found?.parts ?? 1;
  }
  return labels;
}

/**
 * The class of this name or, else, of this number.
 *
 * @returns its label
 * @throws {AppError} 'invalid-input'
 */
export function classNamed(text: string, classes: readonly string[]): number {
  needClasses(classes);
  const wanted = text.trim();
  const label = Number(wanted);
  const found = labelNamed(wanted, classes) ?? (/^\d+$/u.test(wanted) && label < classes.length ? label : null);
  if (found !== null) return found;
  const shown = classes.slice(0, CLASSES_SHOWN).join(', ');
  const others = classes.length > CLASSES_SHOWN ? ` and ${classes.length - CLASSES_SHOWN} more` : '';
  throw new AppError('invalid-input', `There is no class "${wanted}". There are: ${shown}${others}.`);
}

/** Of a thousand names nobody reads more. */
const CLASSES_SHOWN = 20;

/** The name that takes up most of the parts that commas made, from the first on. */
function longestName(
  parts: readonly string[],
  classes: readonly string[],
): { label: number; parts: number } | undefined {
  for (let count = parts.length; count > 1; count -= 1) {
    const label = labelNamed(parts.slice(0, count).join(',').trim(), classes);
    if (label !== null) return { label, parts: count };
  }
  return undefined;
}

/** Null: no class is named so. @throws {AppError} 'invalid-input' if several may be meant */
function labelNamed(wanted: string, classes: readonly string[]): number | null {
  const labels = named(
    wanted,
    classes.map((_, label) => label),
    (label) => classes[label]!,
  );
  if (labels.length < 2) return labels[0] ?? null;
  throw new AppError(
    'invalid-input',
    `"${wanted}" may be any of the classes ${labels.map((label) => `"${classes[label]!}" (${label})`).join(', ')}; name one by its number.`,
  );
}

function needClasses(classes: readonly string[]): void {
  if (classes.length > 0) return;
  throw new AppError('invalid-input', 'This network was trained without classes; leave --classes and --class out.');
}

/** The thing of this name or, else, the one with this id; names that several share are refused. */
function byNameOrId<T extends { id: number; name: string }>(wanted: string, things: readonly T[], kind: string): T {
  const all = named(wanted, things, ({ name }) => name);
  if (all.length > 1) {
    const ids = all.map((thing) => thing.id).join(', ');
    throw new AppError('invalid-input', `${all.length} ${kind}s are named "${wanted}"; name one by its id: ${ids}.`);
  }
  const found = all[0] ?? things.find((thing) => String(thing.id) === wanted);
  if (found !== undefined) return found;
  const known = things.slice(0, 8).map((thing) => `${thing.name} (${thing.id})`);
  const others = things.length > known.length ? ' and others' : '';
  throw new AppError(
    'not-found',
    things.length === 0
      ? `There is no ${kind} "${wanted}"; the library has none yet.`
      : `There is no ${kind} "${wanted}". There are: ${known.join(', ')}${others}.`,
  );
}

export function findRun(wanted: string, runs: readonly RunSummary[]): RunSummary {
  return byNameOrId(wanted, runs, 'run');
}

export function findDataset(wanted: string, datasets: readonly Dataset[]): Dataset {
  return byNameOrId(wanted, datasets, 'dataset');
}

/**
 * A preset's config with single settings replaced: `--set training.learningRate=0.005`. Values are JSON; what isn't is
 * taken as text.
 *
 * @param rung the preset is put on it first, so that settings have the last word
 * @throws {AppError} 'invalid-input' for an unknown preset or setting and for values out of range
 */
export function configFrom(presetName: string, settings: readonly string[], rung: RungName = 'G'): RunConfig {
  const preset = findPreset(presetName);
  if (preset === undefined) {
    const names = presets.map((candidate) => candidate.name).join(', ');
    throw new AppError('invalid-input', `There is no preset "${presetName}". There are: ${names}.`);
  }
  const config = structuredClone(climb(preset.config, rung));
  for (const setting of settings) replace(config, setting);
  const parsed = NewRunConfig.safeParse(config);
  if (!parsed.success) throw new AppError('invalid-input', firstIssue(parsed.error));
  return parsed.data;
}

/** An option that may be repeated, for commander. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function replace(config: RunConfig, setting: string): void {
  const at = setting.indexOf('=');
  if (at < 1) {
    throw new AppError(
      'invalid-input',
      `--set takes NAME=VALUE, such as training.learningRate=0.005, not "${setting}".`,
    );
  }
  const path = setting.slice(0, at).trim().split('.').map(todaysName);
  const last = path.pop()!;
  let place: unknown = config;
  for (const part of path) place = isRecord(place) && Object.hasOwn(place, part) ? place[part] : undefined;
  if (!isRecord(place) || !Object.hasOwn(place, last)) {
    const near = isRecord(place) ? ` There are: ${Object.keys(place).join(', ')}.` : '';
    throw new AppError('invalid-input', `There is no setting "${setting.slice(0, at).trim()}".${near}`);
  }
  place[last] = parseValue(setting.slice(at + 1).trim());
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text; // plain words need no quotes
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
