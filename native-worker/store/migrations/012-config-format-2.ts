import type { Migration } from '../migrate.ts';

/**
 * From here on JSON in `runs.config`, `samples`, `jobs` and `reconstructions` has the names of configuration format 2. What
 * was written before stays as it is and is read as such (`upgraded`); an EDM2 Studio that knows format 1 alone would take
 * new rows for damaged, so it must refuse the library.
 */
export const configFormat2: Migration = {
  version: 12,
  up: () => undefined,
};
