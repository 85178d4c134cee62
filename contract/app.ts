import * as z from 'zod';
import { MachineAddress } from './devices.ts';
import { defineCall, Nothing } from './call.ts';
import { Compilation } from './compilation.ts';
import { DataShape, NetworkConfig } from './network.ts';
import { RuntimeName } from './runtime.ts';
import { TrainingMemory } from './memory-advice.ts';
import { TrainingConfig } from './training.ts';

const fields = {
  theme: z.enum(['system', 'light', 'dark']),
  /** null: what nvidia-smi suggests. */
  runtime: RuntimeName.nullable(),
  /** Threads of TensorFlow's kernels; null: one per physical core. */
  threads: z.int().min(1).max(1024).nullable(),
  /** The GPU that jobs use where there are several, nvidia-smi's number of it; null: the first. */
  gpu: z.int().min(0).max(63).nullable(),
  /** What XLA compiles of what jobs compute on a GPU. An experiment. */
  compile: Compilation,
  /** Take kernels on a GPU that give the same numbers each time: a resumed run goes on to the same, at some cost. */
  deterministic: z.boolean(),
  /** Where other machines reach this one while a run trains on several; null: none did yet. */
  listen: MachineAddress.nullable(),
  /** Tell the system when a run ends while the window is in the background. */
  notifications: z.boolean(),
  /** Single letters and signs act on pages: /, C, ?. Speech input and shaking hands press them unasked. */
  singleKeys: z.boolean(),
};

export const Settings = z.strictObject({
  theme: fields.theme.default('system'),
  runtime: fields.runtime.default(null),
  threads: fields.threads.default(null),
  gpu: fields.gpu.default(null),
  compile: fields.compile.default('none'),
  deterministic: fields.deterministic.default(false),
  notifications: fields.notifications.default(true),
  singleKeys: fields.singleKeys.default(true),
  listen: fields.listen.default(null),
});
export type Settings = z.infer<typeof Settings>;

/** What is left out stays as it is. (Not `Settings.partial()`: zod would fill what is left out with the defaults.) */
export const SettingsChange = z.strictObject(fields).partial();

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
  /** Which TensorFlow jobs use. */
  runtime: RuntimeName,
  /** nvidia-smi's number of the card that jobs use; null: the processor computes, or no card is known. */
  gpu: z.int().nullable(),
  platform: z.string(),
  /** Logical processors. */
  cores: z.int(),
  memoryBytes: z.number(),
  /** What training has to fit into. */
  trainingMemory: TrainingMemory,
});
export type AppInfo = z.infer<typeof AppInfo>;

export const appInfo = defineCall('app.info', Nothing, AppInfo);
export const getSettings = defineCall('settings.get', Nothing, Settings);
export const setSettings = defineCall('settings.set', SettingsChange, Settings);
/**
 * Images per second to expect of a training run on this machine: as an earlier run of the same network reached, or as
 * the multiply-adds of another one suggest. With it the page says how long a run will take.
 */
export const expectSpeed = defineCall(
  'app.expectSpeed',
  z.strictObject({
    network: NetworkConfig,
    shape: DataShape,
    training: TrainingConfig.pick({ batchSize: true, microBatch: true, precision: true }),
  }),
  z.strictObject({
    /** null: no earlier run says. */
    imagesPerSecond: z.number().nullable(),
    /** It is scaled from a run of another network. */
    scaled: z.boolean(),
  }),
);
/** Name of a machine in a network, in lower case; names of other alphabets as the network has them ("xn--…"). */
export const HostName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/);

/** How browsers are to be let in. */
export const BrowserDoor = z.strictObject({
  host: z.string().min(1).max(255).default('127.0.0.1'),
  /** 0: any that is free. null: the one of last time; where another program has that, any that is free. */
  port: z.int().min(0).max(65_535).nullable().default(null),
  /** Names that lead here beside this machine's own, for as long as the port is open. Addresses in numbers always may. */
  names: z.array(HostName).max(64).default([]),
  /** Forget all browsers that were let in before. */
  newSessions: z.boolean().default(false),
});
export type BrowserDoor = z.infer<typeof BrowserDoor>;

/** Lets a browser in: opens a TCP port, unless one is open already, and answers with an address that works once. */
export const openBrowserDoor = defineCall(
  'app.openBrowserDoor',
  z.strictObject({
    ...BrowserDoor.shape,
    /** Takes the opening back when the connection that asked ends, however it ends; the last one closes the port. */
    whileConnected: z.boolean().default(false),
  }),
  z.strictObject({
    url: z.string(),
    /** A sentence of caution where others can reach the port; null for this machine alone. */
    warning: z.string().nullable(),
    /** The port of last time, which another program has now; null: nobody has. */
    takenPort: z.int().nullable(),
  }),
  'local',
);
/** Ends the service; running training jobs write a checkpoint and pause first. */
export const shutdown = defineCall('app.shutdown', Nothing, Nothing, 'local');
