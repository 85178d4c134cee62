import type { Devices } from '../../contract/devices.ts';
import { visibleOf, type UsedGpu } from '../engine/runtime/gpu.ts';

/** The cards of a job, all others being hidden; of a run on parts of the processor all are. null: none is known. */
export function visibleGpus(
  machines: readonly { readonly gpu: UsedGpu | null }[],
  devices: Devices | null,
): Pick<UsedGpu, 'visible'> | null {
  const cards = machines.flatMap(({ gpu }) => gpu ?? []);
  if (cards.length > 0) return { visible: visibleOf(cards) };
  return devices === null ? null : { visible: '-1' };
}
