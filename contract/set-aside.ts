import * as z from 'zod';
import { defineCall, Nothing } from './call.ts';

/** As many paths as somebody may want to read. */
export const SET_ASIDE_SHOWN = 1000;

/** Files that lay among the library's own, that its index did not know, and that were moved to its folder `set-aside`. */
export const SetAside = z.strictObject({
  count: z.int(),
  sizeBytes: z.number(),
  /** Absolute path of the folder, for display. */
  path: z.string(),
  /** The moment at which something was set aside last, as its folder is named; null: nothing is there. */
  newest: z.string().nullable(),
  /** Paths relative to the library, the first 1000. */
  files: z.array(z.string()).max(SET_ASIDE_SHOWN),
});
export type SetAside = z.infer<typeof SetAside>;

export const listSetAside = defineCall('library.setAside', Nothing, SetAside);
/** Deletes all that was set aside. */
export const emptySetAside = defineCall('library.emptySetAside', Nothing, Nothing);
