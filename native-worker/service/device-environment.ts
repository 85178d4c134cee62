import type { Devices } from '../../contract/devices.ts';
import type { Database } from 'better-sqlite3';
import type { JobParameters } from '../../contract/jobs.ts';
import { HIDDEN } from '../engine/runtime/environment.ts';
import { visibleOf, type UsedGpu } from '../engine/runtime/gpu.ts';
import { getRun } from '../store/runs.ts';

/** Devices that a job shares its work among; null: it computes on the one of the settings. */
export function devicesOf(db: Database, parameters: JobParameters): Devices | null {
  if (parameters.kind === 'train') return getRun(db, parameters.runId).devices;
  if (parameters.kind === 'tune') return parameters.subject.devices ?? null;
  return parameters.kind === 'sample' ? parameters.request.devices : null;
}

/** The cards of a job, all others being hidden; of a run on parts of the processor all are. null: none is known. */
export function visibleGpus(
  machines: readonly { readonly gpu: UsedGpu | null }[],
  devices: Devices | null,
): Pick<UsedGpu, 'visible'> | null {
  const cards = machines.flatMap(({ gpu }) => gpu ?? []);
  if (cards.length > 0) return { visible: visibleOf(cards) };
  return devices === null ? null : { visible: HIDDEN };
}
