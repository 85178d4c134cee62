import type { AppInfo } from '../../../contract/app.ts';
import { cardsOf, isCard, machineOf, ownOf, partOf } from '../../../contract/devices.ts';
import { offeredOf, type Machine } from '../../../contract/machines.ts';
import type { TrainingMemory } from '../../../contract/memory-advice.ts';
import type { GpuInfo } from '../../../contract/runtime.ts';

/** Parts into which the processor can be cut from here; the command line knows any number. */
const PARTS = [2, 4, 8];

/**
 * Ways to cut the processor that a batch can be shared out over, and the number that is chosen.
 *
 * @param others devices of other machines that share it, too
 */
export function possibleParts(batchSize: number, chosen: number, others = 0): number[] {
  const possible = [1, ...PARTS].filter((parts) => batchSize % (parts + others) === 0);
  return [...new Set([...possible, chosen])].sort((a, b) => a - b);
}

/** The device of the settings, by name. */
export function usualDevice({ runtime, gpu }: Pick<AppInfo, 'runtime' | 'gpu'>): string {
  return runtime === 'cpu' || gpu === null ? 'cpu:0' : `gpu:${gpu}`;
}

/** Devices that are parts of the processor; null for one, which is the processor. */
export function partsOfProcessor(parts: number): string[] | null {
  return parts === 1 ? null : Array.from({ length: parts }, (_, index) => `cpu:${index}`);
}

/** What of a card's memory is free, in bytes; null: nvidia-smi doesn't tell. */
export function freeOf({ memoryTotal, memoryUsed }: GpuInfo): number | null {
  return memoryTotal === null || memoryUsed === null ? null : memoryTotal - memoryUsed;
}

/** The memory of the card with the least room among those of this machine that are named; null: no card is, or none is known. */
export function smallestCard(devices: readonly string[], gpus: readonly GpuInfo[]): TrainingMemory | null {
  const named = cardsOf(devices).flatMap((number) => gpus.find(({ index }) => index === number) ?? []);
  return leastRoom(
    named.flatMap((gpu) => {
      const { name, memoryTotal } = gpu;
      return memoryTotal === null ? [] : [{ device: name, bytes: memoryTotal, freeBytes: freeOf(gpu) }];
    }),
  );
}

/** The same of what other machines offer. */
export function smallestOffered(devices: readonly string[], machines: readonly Machine[]): TrainingMemory | null {
  return leastRoom(
    devices.flatMap((name) => {
      const address = machineOf(name);
      const { offer } = machines.find((machine) => machine.address === address) ?? {};
      const offered = offer && offeredOf(offer, partOf(name));
      if (offered == null) return [];
      return [{ device: `${offered.name} of ${address!}`, bytes: offered.bytes, freeBytes: offered.freeBytes }];
    }),
  );
}

function leastRoom(memories: readonly TrainingMemory[]): TrainingMemory | null {
  return [...memories].sort((a, b) => (a.freeBytes ?? a.bytes) - (b.freeBytes ?? b.bytes))[0] ?? null;
}

/** "gpu:0 and gpu:1", "the processor in 2 parts", "the processor and gpu-box:7900/cpu:0". */
export function devicesInWords(devices: readonly string[]): string {
  const own = ownOf(devices);
  const others = devices.filter((name) => machineOf(name) !== null);
  const here = own.some(isCard) ? own : [own.length === 1 ? 'the processor' : `the processor in ${own.length} parts`];
  return [...here, ...others].join(' and ');
}
