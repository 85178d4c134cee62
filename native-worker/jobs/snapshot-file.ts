import { mkdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import * as z from 'zod';
import { planNetwork, type NetworkPlan } from '../../contract/architecture.ts';
import { AppError } from '../../contract/errors.ts';
import { DataShape, NetworkConfig } from '../../contract/network.ts';
import type { Buffers, Parameters } from '../edm2/types.ts';
import { tf } from '../engine/tensorflow.ts';
import { openSafetensors, writeSafetensors, type SafetensorsFile, type WrittenFile } from '../store/safetensors.ts';
import { readBuffers, readParameters, tensorsToWrite } from './tensor-files.ts';

/** Raised whenever an older version could not read the file. */
const FORMAT = 'edm2-snapshot/1';

/** An averaged network, ready to draw: a snapshot file says all there is to know about it. */
export interface SnapshotNetwork {
  readonly nimg: number;
  /** sigma_rel of the average. */
  readonly emaStd: number;
  readonly plan: NetworkPlan;
  /** Class names by label; empty: unconditional. */
  readonly classes: readonly string[];
  readonly parameters: Parameters;
  readonly buffers: Buffers;
}

const json = <T extends z.ZodType>(schema: T) =>
  z.string().transform((text, context): z.output<T> => {
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  });

const Metadata = z.object({
  format: z.literal(FORMAT),
  nimg: z.coerce.number().int().nonnegative(),
  ema_std: z.coerce.number().positive(),
  network: json(NetworkConfig),
  data_shape: json(DataShape),
  classes: json(z.array(z.string())),
});

/**
 * Writes an averaged network durably, with the official state-dict names and layouts, in float32: half precision would
 * cost post-hoc averages 2e-4 to 5e-4 of relative error. Reading the tensors is a stop of the GPU.
 *
 * @param file absolute path; its folder is made
 * @throws {AppError} 'no-space'
 */
export function writeSnapshot(file: string, network: SnapshotNetwork): WrittenFile {
  const { parameters, buffers } = network;
  const tensors = [...tensorsToWrite(parameters), ...tensorsToWrite(buffers)];
  mkdirSync(dirname(file), { recursive: true });
  return writeSafetensors(file, tensors, snapshotMetadata(network));
}

/** What a snapshot file says beside its tensors. */
export type SnapshotFacts = Omit<SnapshotNetwork, 'parameters' | 'buffers'>;

/**
 * Reads what an open snapshot file is about.
 *
 * @param name how messages call the file
 * @throws {AppError} 'corrupt-file'
 */
export function readFacts(opened: SafetensorsFile, name: string): SnapshotFacts {
  const metadata = Metadata.safeParse(opened.metadata);
  if (!metadata.success) {
    throw new AppError('corrupt-file', `${name} is not a snapshot that this version can read.`, {
      cause: metadata.error,
    });
  }
  const { nimg, ema_std: emaStd, network, data_shape: shape, classes } = metadata.data;
  return { nimg, emaStd, plan: planNetwork(network, shape), classes };
}

/** The metadata of a snapshot file, as `readFacts` reads it. */
export function snapshotMetadata({ nimg, emaStd, plan, classes }: SnapshotFacts): Record<string, string> {
  return {
    format: FORMAT,
    precision: 'float32',
    nimg: String(nimg),
    ema_std: String(emaStd),
    network: JSON.stringify(plan.config),
    data_shape: JSON.stringify(plan.shape),
    classes: JSON.stringify(classes),
  };
}

/**
 * Reads a snapshot file.
 *
 * @returns the tensors belong to the caller
 * @throws {AppError} 'not-found', 'corrupt-file'
 */
export function readSnapshot(file: string): SnapshotNetwork {
  const opened = openSafetensors(file);
  try {
    const facts = readFacts(opened, basename(file));
    // A file that turns out damaged half way leaves no tensors behind.
    const tensors = tf.tidy(() => ({
      parameters: readParameters(opened, facts.plan),
      buffers: readBuffers(opened, facts.plan),
    }));
    return { ...facts, ...tensors };
  } finally {
    opened.close();
  }
}
