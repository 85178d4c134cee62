import type { Migration } from '../migrate.ts';
import { firstTables } from './001-first-tables.ts';
import { reconstructions } from './002-reconstructions.ts';
import { systemMetrics } from './004-system-metrics.ts';

/** Every step in order. A step is never edited after its release; a change is a new step. */
export const migrations: readonly Migration[] = [
  firstTables,
  reconstructions,
  { version: 3, up: () => undefined }, // replaced by 003 as soon as it is here
  systemMetrics,
];
