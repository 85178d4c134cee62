import type { Run } from '../../../contract/runs.ts';
import { configDifferences, type ConfigDifferences, type DiffRow } from './config-rows.ts';

/** What sets runs apart: `rows` are their data, where those differ, and settings of their own. */
export interface RunDifferences extends Omit<ConfigDifferences, 'own'> {
  readonly rows: readonly DiffRow[];
}

export function runDifferences(runs: readonly Run[]): RunDifferences {
  const { own, rungs, ofRungs } = configDifferences(runs.map((run) => run.config));
  const data = new Set(runs.map((run) => run.datasetId)).size > 1;
  return {
    rungs,
    ofRungs,
    rows: [...(data ? [{ name: 'data', values: runs.map((run) => run.datasetName) }] : []), ...own],
  };
}
