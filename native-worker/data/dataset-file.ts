import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Dataset } from '../../contract/datasets.ts';
import { openRegularFile } from '../store/open-file.ts';
import { corrupt } from '../store/safetensors-header.ts';
import { openSafetensors, openVerified, type SafetensorsFile } from '../store/safetensors.ts';
import { DatasetMetadata, IMAGES, LABELS, NO_LABEL } from './dataset-format.ts';

/** An open packed dataset. Labels are in memory, pictures are read when they are wanted. Whoever opens it closes it. */
export interface PackedDataset {
  readonly name: string;
  readonly source: string;
  readonly attribution: string;
  /** Number of pictures, at least 1. */
  readonly count: number;
  /** Width and height in pixels. */
  readonly resolution: number;
  readonly channels: number;
  /** Class names by label; empty: no classes. */
  readonly classes: readonly string[];
  /** Pictures of each class. */
  readonly classCounts: readonly number[];
  /** A label for each picture, below `classes.length`; all −1 where there are no classes. */
  readonly labels: Int32Array;
  /** Standard deviation of all pixel values, scaled to [-1, 1]. */
  readonly pixelStd: number;
  readonly sizeBytes: number;
  /**
   * Reads pictures one behind the other, NHWC.
   *
   * @param indices which, in any order, each below `count`
   * @param into    at least as many bytes as the pictures have
   * @throws {AppError} 'corrupt-file' if the file was cut off since it was opened
   */
  readPictures(indices: ArrayLike<number>, into: Uint8Array): void;
  close(): void;
}

/**
 * Opens a packed dataset and checks that it is one.
 *
 * @param sha256 of the file, as the library knows it, to compare every byte with; default: it is not read through
 * @throws {AppError} 'not-found', or 'corrupt-file' if it is no packed dataset, or not the one that was packed
 */
export function openDataset(file: string, sha256?: string): PackedDataset {
  const tensors = sha256 === undefined ? openSafetensors(file) : openVerified(file, sha256);
  try {
    return readDataset(tensors, path.basename(file));
  } catch (error) {
    tensors.close();
    throw error;
  }
}

/** What the library records of a packed dataset. */
export interface DatasetFacts extends Omit<Dataset, 'id' | 'createdAt' | 'problemCount'> {
  /** SHA-256 of pictures, labels and names of classes: what the set is, whatever it is called. */
  readonly contentSha256: string;
}

/**
 * Opens, checks and hashes a packed dataset. Hashing reads the whole file in pieces, so the process goes on answering.
 *
 * @throws {AppError} 'not-found', or 'corrupt-file' if it is no packed dataset
 */
export async function describeDataset(file: string): Promise<DatasetFacts> {
  const dataset = openDataset(file);
  dataset.close();
  const { name, source, attribution, count, resolution, channels, classes, classCounts, pixelStd, sizeBytes } = dataset;
  return {
    name,
    source,
    attribution,
    count,
    resolution,
    channels,
    classes: [...classes],
    classCounts: [...classCounts],
    pixelStd,
    sizeBytes,
    ...(await hashFile(file, JSON.stringify({ resolution, channels, classes }))),
  };
}

function readDataset(tensors: SafetensorsFile, file: string): PackedDataset {
  const metadata = DatasetMetadata.safeParse(tensors.metadata);
  if (!metadata.success) throw corrupt(file, 'it is not a packed dataset', metadata.error);
  const { name, source, attribution, classes, pixel_std: pixelStd } = metadata.data;
  const { dtype, shape } = tensors.info(IMAGES);
  const [count = 0, resolution = 0, width, channels = 0] = shape;
  if (dtype !== 'U8' || shape.length !== 4 || count < 1 || resolution < 1 || width !== resolution || channels < 1) {
    throw corrupt(
      file,
      `its pictures are ${dtype} [${shape.join(', ')}] instead of U8 [pictures, size, size, channels]`,
    );
  }
  const labels = tensors.readAs(LABELS, 'I32');
  if (labels.length !== count) throw corrupt(file, `it has ${count} pictures and ${labels.length} labels`);
  const pictureBytes = resolution * resolution * channels;
  return {
    name,
    source,
    attribution,
    count,
    resolution,
    channels,
    classes,
    classCounts: countLabels(labels, classes.length, file),
    labels,
    pixelStd,
    sizeBytes: tensors.sizeBytes,
    readPictures: (indices, into) => {
      for (let i = 0; i < indices.length; i++) {
        const picture = into.subarray(i * pictureBytes, (i + 1) * pictureBytes);
        if (picture.length !== pictureBytes) throw new RangeError(`no room for picture ${i} of ${indices.length}`);
        tensors.readBytes(IMAGES, indices[i]! * pictureBytes, picture);
      }
    },
    close: () => tensors.close(),
  };
}

/** Pictures of each class; a label that names no class is refused here, before it indexes anything. */
function countLabels(labels: Int32Array, classes: number, file: string): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) {
    if (classes === 0 ? label !== NO_LABEL : label < 0 || label >= classes) {
      throw corrupt(file, `it has label ${label} and ${classes} classes`);
    }
    if (classes > 0) counts[label]! += 1;
  }
  return counts;
}

/** @param shape what of the header counts for the content */
async function hashFile(file: string, shape: string): Promise<{ sha256: string; contentSha256: string }> {
  const whole = createHash('sha256');
  const content = createHash('sha256').update(shape);
  const { fd } = openRegularFile(file);
  let ahead: number | null = null; // bytes before the tensors: the length of the header, and it
  // The stream closes it. The path is only a name for it.
  for await (const chunk of fs.createReadStream(file, { fd, highWaterMark: 2 ** 20 })) {
    const bytes = chunk as Buffer;
    whole.update(bytes);
    ahead ??= 8 + Number(bytes.readBigUInt64LE(0));
    content.update(bytes.subarray(Math.min(ahead, bytes.length)));
    ahead -= Math.min(ahead, bytes.length);
  }
  return { sha256: whole.digest('hex'), contentSha256: content.digest('hex') };
}
