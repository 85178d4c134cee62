import * as z from 'zod';
import type { Compilation } from './compilation.ts';
import { AppError } from './errors.ts';
import { shareOf, sharesProblem, type Batches } from './micro-batch.ts';
import { sentence } from './sentence.ts';

/** Devices that one run may share its batch among. */
export const MOST_DEVICES = 64;

const PART = String.raw`(?:gpu|cpu):(?:0|[1-9]\d{0,2})`;
const HOST = String.raw`(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])`;
const ADDRESS = String.raw`${HOST}:(?:[1-9]\d{0,4})`;

/** "gpu:N", a card by nvidia-smi's number, or "cpu:N", a part of the processor, of whatever machine. */
export const PartName = z
  .string()
  .regex(
    new RegExp(`^${PART}$`),
    'a device is gpu:N, N being nvidia-smi’s number of a card, or cpu:N, a part of the processor',
  );

/** Where a worker listens: "gpu-box:7900", "192.168.1.5:7900", "[fe80::1]:7900". Its server of TensorFlow's has the port behind. */
export const MachineAddress = z
  .string()
  .regex(new RegExp(`^${ADDRESS}$`), 'an address is a name or number and a port: gpu-box:7900')
  .refine((address) => portOf(address) < 65_535, 'a port is below 65535');

/** "gpu:N" or "cpu:N" of this machine, or "gpu-box:7900/gpu:N" of one where `edm2 worker` runs. */
export const DeviceName = z
  .string()
  .regex(
    new RegExp(`^(?:${ADDRESS}/)?${PART}$`),
    'a device is gpu:N, N being nvidia-smi’s number of a card, or cpu:N, a part of the processor; of another machine gpu-box:7900/gpu:N',
  );

/**
 * Devices of one kind that share a batch. Parts of a processor are counted from cpu:0 on, because it is cut into as many
 * as are named. The first is one of this machine, which keeps the averages and draws.
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
  if (devices.length > 0 && machineOf(devices[0]!) !== null)
    return 'the first device is one of this machine, which keeps the averages and draws';
  for (const { machine, parts } of byMachine(devices)) {
    const named = new Set(parts);
    const counted = parts.map((_, index) => `cpu:${index}`);
    if (parts.some(isCard) || counted.every((part) => named.has(part))) continue;
    const all = counted.map((part) => (machine === null ? part : `${machine}/${part}`));
    return `parts of the processor are counted from cpu:0 on: ${all.join(',')}`;
  }
  return null;
}

/** The machine of a device; null: this one. */
export function machineOf(device: string): string | null {
  const slash = device.indexOf('/');
  return slash < 0 ? null : device.slice(0, slash);
}

/** A device as its machine calls it: "gpu:0". */
export function partOf(device: string): string {
  return device.slice(device.indexOf('/') + 1);
}

/** Machines and what each contributes, in the order in which they are named. */
export function byMachine(devices: readonly string[]): { readonly machine: string | null; readonly parts: string[] }[] {
  const machines = new Map<string | null, string[]>();
  for (const device of devices) {
    const machine = machineOf(device);
    machines.set(machine, [...(machines.get(machine) ?? []), partOf(device)]);
  }
  return [...machines].map(([machine, parts]) => ({ machine, parts }));
}

/** The order in which they share a batch: machine by machine. */
export function inTowerOrder(devices: readonly string[]): string[] {
  return byMachine(devices).flatMap(({ machine, parts }) =>
    parts.map((part) => (machine === null ? part : `${machine}/${part}`)),
  );
}

/** Those of this machine. */
export function ownOf(devices: readonly string[]): string[] {
  return devices.filter((device) => machineOf(device) === null);
}

/** Addresses of the other machines. */
export function machinesOf(devices: readonly string[]): string[] {
  return byMachine(devices).flatMap(({ machine }) => machine ?? []);
}

/** The host of an address, without the brackets of IPv6. */
export function hostOfAddress(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

/** Where TensorFlow's server of the worker at an address listens. */
export function serverAddress(address: string): string {
  return `${address.slice(0, address.lastIndexOf(':'))}:${portOf(address) + 1}`;
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

/** @throws {AppError} 'invalid-input' for a device of another machine, where only this one can do what is asked for */
export function checkOwn(devices: readonly string[] | null): void {
  const other = devices?.find((device) => machineOf(device) !== null);
  if (other === undefined) return;
  throw new AppError('invalid-input', `Other machines only train with this one: leave ${other} out.`);
}

export function isCard(device: string): boolean {
  return partOf(device).startsWith('gpu:');
}

/**
 * What each of some devices has of a batch, and how many of them are parts of this machine's processor, which share its
 * memory.
 *
 * @param devices divide the batch (`sharesProblem`); null: one device
 */
export function shareOn<T extends Batches>(
  training: T,
  devices: readonly string[] | null,
): { readonly training: T; readonly parts: number } {
  const count = Math.max(1, devices?.length ?? 1);
  return {
    training: shareOf(training, count),
    parts: devices?.some(isCard) === true ? 1 : Math.max(1, ownOf(devices ?? []).length),
  };
}

/** What is compiled on these devices: XLA compiles networks on one device, and there on a card only. */
export function compiledOn(devices: readonly string[] | null, setting: Compilation): Compilation {
  const one = devices === null || devices.length === 0 || (devices.length === 1 && devices.every(isCard));
  return one ? setting : 'none';
}

/** nvidia-smi's numbers of this machine's cards among devices. */
export function cardsOf(devices: readonly string[]): number[] {
  return ownOf(devices)
    .filter(isCard)
    .map((device) => Number(device.slice('gpu:'.length)));
}
