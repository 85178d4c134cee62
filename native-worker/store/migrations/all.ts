import type { Migration } from '../migrate.ts';
import { firstTables } from './001-first-tables.ts';
import { reconstructions } from './002-reconstructions.ts';

/** Every step in order. A step is never edited after its release; a change is a new step. */
export const migrations: readonly Migration[] = [firstTables, reconstructions];
