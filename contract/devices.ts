import * as z from 'zod';
import type { Compilation } from './compilation.ts';
import { AppError } from './errors.ts';
import { shareOf, sharesProblem, type Batches } from './micro-batch.ts';
import { sentence } from './sentence.ts';

/** Devices that one run may share its batch among. */
export const MOST_DEVICES = 64;

/** "gpu:N", a card by nvidia-smi's number, or "cpu:N", a part of the processor. */
export const DeviceName = z
  .string()
  .regex(
    /^(gpu|cpu):(0|[1-9]\d{0,2})$/,
    'a device is gpu:N, N being nvidia-smi’s number of a card, or cpu:N, a part of the processor',
  );

/**
 * Devices of one kind that share a batch. Parts of the processor are counted from cpu:0 on, because it is cut into as many
 * as are named.
 */
export const Devices = z
  .array(DeviceName)
  .min(1)
  .max(MOST_DEVICES)
  .superRefine((devices, context) => {
    const problem = devicesProblem(devices);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  });
export type Devices = z.infer<typeof Devices>;

/** A sentence without its capital and full stop; null: they go together. */
function devicesProblem(devices: readonly string[]): string | null {
  if (new Set(devices).size < devices.length) return 'a device is named twice';
  if (devices.some(isCard) && !devices.every(isCard))
    return 'cards and parts of the processor don’t share a batch: name one kind';
  const parts = devices.filter((device) => !isCard(device));
  const named = new Set(parts);
  if (parts.some((_, index) => !named.has(`cpu:${index}`)))
    return `parts of the processor are counted from cpu:0 on: ${parts.map((_, index) => `cpu:${index}`).join(',')}`;
  return null;
}

/** @throws {AppError} 'invalid-input' for several devices op by op */
export function checkSharingEngine(devices: readonly string[] | null, engine: 'graph' | 'eager'): void {
  if (devices === null || devices.length === 1 || engine === 'graph') return;
  throw new AppError('invalid-input', 'Op by op there is one device: use the engine "graph", or name one.');
}

/** @throws {AppError} 'invalid-input' with what can be done, where a batch can't be shared out, or op by op */
export function checkSharing(devices: readonly string[] | null, batchSize: number, engine: 'graph' | 'eager'): void {
  checkSharingEngine(devices, engine);
  if (devices === null) return;
  const problem = sharesProblem({ batchSize }, devices.length);
  if (problem !== null) throw new AppError('invalid-input', sentence(problem));
}

export function isCard(device: string): boolean {
  return device.startsWith('gpu:');
}

/**
 * What each of some devices has of a batch, and how many of them are parts of the processor, which share its memory.
 *
 * @param devices divide the batch (`sharesProblem`); null: one device
 */
export function shareOn<T extends Batches>(
  training: T,
  devices: readonly string[] | null,
): { readonly training: T; readonly parts: number } {
  const count = Math.max(1, devices?.length ?? 1);
  return { training: shareOf(training, count), parts: devices?.some(isCard) === true ? 1 : count };
}

/** What is compiled on these devices: XLA compiles networks on one device, and there on a card only. */
export function compiledOn(devices: readonly string[] | null, setting: Compilation): Compilation {
  const one = devices === null || devices.length === 0 || (devices.length === 1 && devices.every(isCard));
  return one ? setting : 'none';
}

/** nvidia-smi's numbers of the cards among devices. */
export function cardsOf(devices: readonly string[]): number[] {
  return devices.filter(isCard).map((device) => Number(device.slice('gpu:'.length)));
}
