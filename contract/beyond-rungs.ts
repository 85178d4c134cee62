import { configSettings, settingOf } from './config-settings.ts';
import { descend, rungOf, type RungName } from './ladder.ts';
import { findPreset, presets } from './presets.ts';
import type { RunConfig } from './training.ts';

/** What configurations differ in, what the paper's rungs bring with them set apart. */
export interface RungDifferences {
  /** The rung of each. */
  readonly rungs: readonly RungName[];
  /** Paths of the settings that differ though all are put on one rung. */
  readonly beyond: ReadonlySet<string>;
}

/** @returns null where there is nothing to set apart: all are on one rung, or one is on none */
export function rungDifferences(configs: readonly RunConfig[]): RungDifferences | null {
  const rungs = configs.flatMap(({ network }) => rungOf(network.switches) ?? []);
  const onG = configs.flatMap((config) => descend(config, usualOf(config)) ?? []);
  if (onG.length < configs.length || new Set(rungs).size < 2) return null;
  const differs = (path: string): boolean =>
    new Set(onG.map((config) => JSON.stringify(settingOf(config, path)))).size > 1;
  return { rungs, beyond: new Set(configSettings().flatMap(({ path }) => (differs(path) ? [path] : []))) };
}

const usualOf = ({ preset }: RunConfig): RunConfig => (findPreset(preset ?? '') ?? presets[0]!).config;
