import * as z from 'zod';
import { planNetwork, type NetworkPlan } from '../../contract/architecture.ts';
import { AppError } from '../../contract/errors.ts';
import { upgraded } from '../../contract/formats.ts';
import { DataShape, NetworkConfig } from '../../contract/network.ts';
import type { SafetensorsFile } from '../store/safetensors.ts';

/** Raised whenever an older version could not read the file. */
const FORMAT = 'edm2-snapshot/2';
/** Formats that `upgraded` makes today's: the first named the network's switches otherwise. */
const EARLIER = ['edm2-snapshot/1'] as const;

/** What a snapshot file says beside its tensors; it is all there is to know to draw with it. */
export interface SnapshotFacts {
  readonly nimg: number;
  /** sigma_rel of the average. */
  readonly sigmaRel: number;
  readonly plan: NetworkPlan;
  /** Class names by label; empty: unconditional. */
  readonly classes: readonly string[];
}

const json = <T extends z.ZodType>(schema: T) =>
  z.string().transform((text, context): z.output<T> => {
    try {
      return schema.parse(upgraded(JSON.parse(text)));
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  });

const Metadata = z.object({
  format: z.enum([FORMAT, ...EARLIER]),
  nimg: z.coerce.number().int().nonnegative(),
  ema_std: z.coerce.number().positive(),
  network: json(NetworkConfig),
  data_shape: json(DataShape),
  classes: json(z.array(z.string())),
});

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
  const { nimg, ema_std: sigmaRel, network, data_shape: shape, classes } = metadata.data;
  return { nimg, sigmaRel, plan: planNetwork(network, shape), classes };
}

/** What a file is and whose, for who finds it without its row. */
export interface FileOrigin {
  readonly kind: 'snapshot' | 'reconstruction';
  readonly runId: number;
}

/** The metadata of a snapshot file, as `readFacts` reads it, and where it belongs. */
export function snapshotMetadata(
  { nimg, sigmaRel, plan, classes }: SnapshotFacts,
  { kind, runId }: FileOrigin,
): Record<string, string> {
  return {
    format: FORMAT,
    kind,
    run: String(runId),
    precision: 'float32',
    nimg: String(nimg),
    ema_std: String(sigmaRel),
    network: JSON.stringify(plan.config),
    data_shape: JSON.stringify(plan.shape),
    classes: JSON.stringify(classes),
  };
}
