import * as z from 'zod';
import { defineCall, Nothing } from './call.ts';
import { Id, Timestamp } from './common.ts';
import { Name } from './names.ts';

/** A packed set of pictures in the library. */
export const Dataset = z.strictObject({
  id: Id,
  name: z.string(),
  /** Where it came from, in words for the user ("Folder emoji", "Ships with EDM2 Studio"). */
  source: z.string(),
  /** Attribution that must be shown with the pictures; empty if none is known. */
  attribution: z.string(),
  /** Width and height in pixels. */
  resolution: z.int(),
  channels: z.int(),
  /** Class names by label; empty: no classes. */
  classes: z.array(z.string()),
  /** Pictures of each class, same order as `classes`. */
  classCounts: z.array(z.int()),
  /** Number of pictures. */
  count: z.int(),
  /** Standard deviation of all pixel values, scaled to [-1, 1]; compare sigma_data. */
  pixelStd: z.number(),
  sizeBytes: z.int(),
  /** SHA-256 of the packed file. */
  sha256: z.string(),
  createdAt: Timestamp,
  /** Files that could not be read at import. */
  problemCount: z.int(),
});
export type Dataset = z.infer<typeof Dataset>;

/** A file that was left out at import, and why. */
export const ImportProblem = z.strictObject({ file: z.string(), reason: z.string() });
export type ImportProblem = z.infer<typeof ImportProblem>;

export const ImportOptions = z.strictObject({
  name: Name,
  /** Width and height to crop and resize to, in pixels; a power of two. */
  resolution: z.union([z.literal(8), z.literal(16), z.literal(32), z.literal(64), z.literal(128), z.literal(256)]),
});
export type ImportOptions = z.infer<typeof ImportOptions>;

export const listDatasets = defineCall('datasets.list', Nothing, z.array(Dataset));
export const getDataset = defineCall(
  'datasets.get',
  z.strictObject({ id: Id }),
  z.strictObject({ dataset: Dataset, problems: z.array(ImportProblem) }),
);
/** Labels of a page of pictures; the picture of index i is at /files/datasets/<id>/pictures/<i>.png. */
export const datasetPictures = defineCall(
  'datasets.pictures',
  z.strictObject({
    id: Id,
    /** Only this class; null: all. */
    label: z.int().nonnegative().nullable(),
    offset: z.int().nonnegative(),
    limit: z.int().min(1).max(1000),
  }),
  z.strictObject({ total: z.int(), pictures: z.array(z.strictObject({ index: z.int(), label: z.int().nullable() })) }),
);
/** Starts an import job from a folder that was picked before (see folders.ts). */
export const importDataset = defineCall(
  'datasets.import',
  z.strictObject({ folder: z.string(), options: ImportOptions }),
  z.strictObject({ jobId: Id }),
);
export const renameDataset = defineCall('datasets.rename', z.strictObject({ id: Id, name: Name }), Nothing);
/** Refused ('conflict') while a run uses it. */
export const deleteDataset = defineCall('datasets.delete', z.strictObject({ id: Id }), Nothing);
