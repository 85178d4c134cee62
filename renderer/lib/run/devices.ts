import { cardsOf } from '../../../contract/devices.ts';
import type { TrainingMemory } from '../../../contract/memory-advice.ts';
import type { GpuInfo } from '../../../contract/runtime.ts';

/** Parts into which the processor can be cut from here; the command line knows any number. */
const PARTS = [2, 4, 8];

/** Ways to cut the processor that a batch can be shared out over, and the number that is chosen. */
export function possibleParts(batchSize: number, chosen: number): number[] {
  return [...new Set([1, ...PARTS.filter((parts) => batchSize % parts === 0), chosen])].sort((a, b) => a - b);
}

/** Devices that are parts of the processor; null for one, which is the processor. */
export function partsOfProcessor(parts: number): string[] | null {
  return parts === 1 ? null : Array.from({ length: parts }, (_, index) => `cpu:${index}`);
}

/** What of a card's memory is free, in bytes; null: nvidia-smi doesn't tell. */
export function freeOf({ memoryTotal, memoryUsed }: GpuInfo): number | null {
  return memoryTotal === null || memoryUsed === null ? null : memoryTotal - memoryUsed;
}

/** The memory of the card with the least room among those that are named; null: no card is, or none is known. */
export function smallestCard(devices: readonly string[], gpus: readonly GpuInfo[]): TrainingMemory | null {
  const named = cardsOf(devices).flatMap((number) => gpus.find(({ index }) => index === number) ?? []);
  const known = named.flatMap((gpu) => {
    const { name, memoryTotal } = gpu;
    return memoryTotal === null ? [] : [{ device: name, bytes: memoryTotal, freeBytes: freeOf(gpu) }];
  });
  return known.sort((a, b) => (a.freeBytes ?? a.bytes) - (b.freeBytes ?? b.bytes))[0] ?? null;
}

/** "gpu:0 and gpu:1", "the processor in 2 parts". */
export function devicesInWords(devices: readonly string[]): string {
  if (cardsOf(devices).length > 0) return devices.join(' and ');
  return devices.length === 1 ? 'the processor' : `the processor in ${devices.length} parts`;
}
