import * as z from 'zod';
import { defineCall } from './call.ts';

/**
 * Folders are named by ids that the service hands out: the page never says a path. Electron's main process turns what
 * the user picked in the system dialog into an id (`folders.grant`); a browser tab walks with `folders.list`.
 */
export const Folder = z.strictObject({
  /** Opaque; valid until the service ends. */
  id: z.string(),
  /** Last part of the path, for display. */
  name: z.string(),
  /** Whole path, for display only. */
  path: z.string(),
});
export type Folder = z.infer<typeof Folder>;

export const listFolders = defineCall(
  'folders.list',
  /** null: the places to start from (home folder, roots). */
  z.strictObject({ id: z.string().nullable() }),
  z.strictObject({
    folder: Folder.nullable(),
    parent: Folder.nullable(),
    folders: z.array(Folder),
    /** Number of pictures (PNG, JPEG, WebP) directly in it. */
    pictures: z.int(),
  }),
);
export const grantFolder = defineCall('folders.grant', z.strictObject({ path: z.string() }), Folder, 'local');
