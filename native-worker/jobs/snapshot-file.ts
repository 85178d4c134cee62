import { basename } from 'node:path';
import type { NetworkPlan } from '../../contract/architecture.ts';
import type { Buffers, Parameters } from '../edm2/tensors/types.ts';
import type { HeldTensors } from '../engine/session/graph-session.ts';
import { tf } from '../engine/tensorflow.ts';
import { stateNames } from '../programs/flat-state.ts';
import { openVerifiedOnce, writeSafetensors, type WrittenFile } from '../store/safetensors.ts';
import { readFacts, snapshotMetadata, type FileOrigin, type SnapshotFacts } from './snapshot-facts.ts';
import { readBuffers, readParameters, tensorsToWrite, type HeldTensor } from './tensor-files.ts';

/** An averaged network, ready to draw: a snapshot file says all there is to know about it. */
export interface SnapshotNetwork extends SnapshotFacts {
  readonly parameters: Parameters;
  readonly buffers: Buffers;
}

/** Tensors of a state that make up the snapshot of an average. @param index along `TrainingConfig.sigmaRels` */
export function snapshotTensors({ parameters, buffers }: NetworkPlan, index: number): HeldTensor[] {
  return [
    ...parameters.map(({ name, shape }) => ({ held: stateNames.average(index, name), name, shape })),
    ...buffers.map(({ name, shape }) => ({ held: stateNames.buffer(name), name, shape })),
  ];
}

/**
 * Writes an averaged network durably, with the official state-dict names and layouts, in float32: half precision would
 * cost post-hoc averages 2e-4 to 5e-4 of relative error.
 *
 * @param file  absolute path; its folder exists
 * @param state holds the `snapshotTensors`, which are taken
 * @throws {AppError} 'no-space'
 */
export function writeSnapshot(
  file: string,
  facts: SnapshotFacts,
  state: HeldTensors,
  index: number,
  origin: FileOrigin,
): Promise<WrittenFile> {
  const tensors = tensorsToWrite(state, snapshotTensors(facts.plan, index));
  return writeSafetensors(file, tensors, snapshotMetadata(facts, origin));
}

/**
 * Reads a snapshot file; at its first reading in a process every byte is compared with what was written.
 *
 * @param sha256 of the file, as its row says
 * @returns the tensors belong to the caller
 * @throws {AppError} 'not-found', 'corrupt-file', 'not-finite'
 */
export function readSnapshot(file: string, sha256: string): SnapshotNetwork {
  const opened = openVerifiedOnce(file, sha256);
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
