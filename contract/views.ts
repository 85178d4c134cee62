import * as z from 'zod';
import { defineCall, Nothing } from './call.ts';
import { Id } from './common.ts';
import { Name } from './names.ts';

/** Views of the Compare page that the library keeps under a name, the same in all windows and tabs. */

/** Views of a library. */
export const MOST_VIEWS = 200;
/** Runs of a view. */
const MOST_RUNS = 1000;
/** UTF-16 units of what an address says beside the runs. */
const LONGEST_LOOK = 8000;

export const ViewLook = z.string().max(LONGEST_LOOK);

export const View = z.strictObject({
  name: Name,
  /** In the order in which they were chosen. */
  runs: z.array(
    z.strictObject({
      id: Id,
      name: z.string(),
      /** It was deleted, or an index that was begun anew does not know it. */
      gone: z.boolean(),
    }),
  ),
  /** What else the page's address says behind its `?`: panels, axis, groups. */
  look: ViewLook,
});
export type View = z.infer<typeof View>;

/** By name. */
export const listViews = defineCall('views.list', Nothing, z.array(View));
/** Keeps a view; another of the same name is refused ('conflict') unless `replace` says that it is to go. Runs that are gone are left out. */
export const saveView = defineCall(
  'views.save',
  z.strictObject({
    name: Name,
    runIds: z.array(Id).min(1).max(MOST_RUNS),
    look: ViewLook,
    replace: z.boolean().default(false),
  }),
  Nothing,
);
/** 'not-found' without such a view, 'conflict' where another has the new name. */
export const renameView = defineCall('views.rename', z.strictObject({ name: Name, to: Name }), Nothing);
export const deleteView = defineCall('views.delete', z.strictObject({ name: Name }), Nothing);
