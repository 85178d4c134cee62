import { rungDifferences } from '../../../contract/beyond-rungs.ts';
import type { RungName } from '../../../contract/ladder.ts';
import type { RunConfig } from '../../../contract/training.ts';
import { count } from '../format.ts';

export interface ConfigRow {
  /** Dotted name inside its group ("sampler.steps"). */
  readonly name: string;
  readonly value: string;
  /** The preset's value where it differs; null where it is the same or there is no preset. */
  readonly preset: string | null;
}

export interface ConfigGroup {
  readonly title: string;
  readonly rows: readonly ConfigRow[];
}

/** What is learned first, what is written down of it last. */
const groups = ['network', 'training', 'grid', 'logging'] as const;

/** A config as named values in groups, with what a preset says where it differs. */
export function configRows(config: RunConfig, preset: RunConfig | null): ConfigGroup[] {
  return groups.map((group) => {
    const theirs = preset ? new Map(flatten(preset[group])) : null;
    return {
      title: group[0]!.toUpperCase() + group.slice(1),
      rows: flatten(config[group]).map(([name, value]) => {
        const other = theirs?.get(name);
        return { name, value, preset: other === undefined || other === value ? null : other };
      }),
    };
  });
}

/** One row of a comparison: a setting and its value in every config, in their order. */
export interface DiffRow {
  readonly name: string;
  readonly values: readonly string[];
}

/** The settings in which configs differ, with whole names ("training.learningRate"). */
export function configDiff(configs: readonly RunConfig[]): DiffRow[] {
  const flat = configs.map(allSettings);
  const names = [...new Set(flat.flatMap((one) => [...one.keys()]))];
  return names
    .map((name) => ({ name, values: flat.map((one) => one.get(name) ?? '–') }))
    .filter((row) => row.values.some((value) => value !== row.values[0]));
}

const settingsBefore = new WeakMap<RunConfig, ReadonlyMap<string, string>>();

/** Every setting of a config with its whole name; what is known of a config is remembered, for it never changes. */
function allSettings(config: RunConfig): ReadonlyMap<string, string> {
  const before = settingsBefore.get(config);
  if (before !== undefined) return before;
  const named = (group: (typeof groups)[number]): [string, string][] =>
    flatten(config[group]).map(([name, value]) => [`${group}.${name}`, value]);
  const settings = new Map(groups.flatMap(named));
  settingsBefore.set(config, settings);
  return settings;
}

/** What differs between configs: the configuration of the paper, what it brings with it, and everything else. */
export interface ConfigDifferences {
  /** The rung of each; null: they are on the same, or one is on none. */
  readonly rungs: readonly RungName[] | null;
  /** Settings that differ beyond that. */
  readonly own: readonly DiffRow[];
  /** Settings that differ because the rungs do. */
  readonly ofRungs: readonly DiffRow[];
}

/** As `configDiff`, the many switches and rates of different rungs set apart. */
export function configDifferences(configs: readonly RunConfig[]): ConfigDifferences {
  const all = configDiff(configs);
  const apart = rungDifferences(configs);
  if (apart === null) return { rungs: null, own: all, ofRungs: [] };
  const isOwn = ({ name }: DiffRow): boolean => apart.beyond.has(name);
  return { rungs: apart.rungs, own: all.filter(isOwn), ofRungs: all.filter((row) => !isOwn(row)) };
}

function flatten(value: object, prefix = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]): [string, string][] => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    if (inner !== null && typeof inner === 'object' && !Array.isArray(inner)) return flatten(inner, name);
    return [[name, words(inner)]];
  });
}

function words(value: unknown): string {
  if (value === null) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(words).join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return Number.isInteger(value) ? count(value) : String(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
