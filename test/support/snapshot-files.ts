import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { planNetwork, type NetworkPlan } from '../../contract/architecture.ts';
import { snapshotMetadata } from '../../native-worker/jobs/snapshot-facts.ts';
import type { Library } from '../../native-worker/store/library.ts';
import { insideLibrary, snapshotPath } from '../../native-worker/store/paths.ts';
import { getRun } from '../../native-worker/store/runs.ts';
import { writeSafetensors } from '../../native-worker/store/safetensors.ts';
import { insertSnapshot } from '../../native-worker/store/snapshots.ts';

/** Snapshots with known numbers, made without training and without TensorFlow. */

export const CLASSES = ['bright', 'dark'];

/** Element i of every parameter of snapshot number k. */
export const numberAt = (k: number, i: number): number => Math.fround(Math.sin(1 + i * 0.37) + 0.1 * k * Math.cos(i));

/** Element i of every fixed buffer, the same in all snapshots. */
export const bufferAt = (i: number): number => Math.fround(0.3 * i);

/** The network of a run. */
export function planOf(library: Library, runId: number): NetworkPlan {
  const { config, shape } = getRun(library.db, runId);
  return planNetwork(config.network, shape);
}

/** Writes a snapshot's file and row, as training does. */
export async function makeSnapshot(
  library: Library,
  { runId, nimg, sigmaRel }: { runId: number; nimg: number; sigmaRel: number },
  k: number,
): Promise<void> {
  const file = snapshotPath(runId, nimg, sigmaRel);
  const path = insideLibrary(library.folder, file);
  mkdirSync(dirname(path), { recursive: true });
  const plan = planOf(library, runId);
  const tensor = (name: string, shape: readonly number[], value: (i: number) => number) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return { name, shape, dtype: 'F32' as const, data: Float32Array.from({ length: count }, (_, i) => value(i)) };
  };
  const written = await writeSafetensors(
    path,
    [
      ...plan.parameters.map(({ name, shape }) => tensor(name, shape, (i) => numberAt(k, i))),
      ...plan.buffers.map(({ name, shape }) => tensor(name, shape, bufferAt)),
    ],
    snapshotMetadata({ nimg, sigmaRel, plan, classes: CLASSES }, { kind: 'snapshot', runId }),
  );
  insertSnapshot(library.db, { runId, nimg, sigmaRel, file, ...written });
}
