import * as z from 'zod';
import { defineCall, Nothing } from './call.ts';
import { RuntimeName } from './runtime.ts';

export const Settings = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  /** null: what nvidia-smi suggests. */
  runtime: RuntimeName.nullable().default(null),
  /** Threads of TensorFlow's kernels; null: one per physical core. */
  threads: z.int().min(1).max(1024).nullable().default(null),
  /** Tell the system when a run ends while the window is in the background. */
  notifications: z.boolean().default(true),
});
export type Settings = z.infer<typeof Settings>;

export const AppInfo = z.strictObject({
  version: z.string(),
  /** Folder of the library, for display. */
  libraryPath: z.string(),
  /** Bytes the library takes, and bytes free on its disk. */
  librarySizeBytes: z.number(),
  diskFreeBytes: z.number(),
  node: z.string(),
  sqlite: z.string(),
  tensorflow: z.string(),
  platform: z.string(),
  /** Logical processors. */
  cores: z.int(),
  memoryBytes: z.number(),
});
export type AppInfo = z.infer<typeof AppInfo>;

export const appInfo = defineCall('app.info', Nothing, AppInfo);
export const getSettings = defineCall('settings.get', Nothing, Settings);
export const setSettings = defineCall('settings.set', Settings.partial(), Settings);
/**
 * Images per second to expect on this machine for a preset: from earlier runs of it here, else unknown (null).
 * With it the page says how long a run will take.
 */
export const expectSpeed = defineCall(
  'app.expectSpeed',
  z.strictObject({ preset: z.string().max(64), resolution: z.int() }),
  z.strictObject({ imagesPerSecond: z.number().nullable() }),
);
/** Ends the service; running training jobs write a checkpoint and pause first. */
export const shutdown = defineCall('app.shutdown', Nothing, Nothing, 'local');
