import * as z from 'zod';
import { defineCall, Nothing } from './call.ts';
import { Devices, isCard, MachineAddress, machineOf, machinesOf, PartName } from './devices.ts';
import { AppError } from './errors.ts';
import { Precision, PrecisionSupport } from './precision.ts';

/** Several machines that train one run together: what a worker (`edm2 worker`) answers, and what the library knows of them. */

/** What everybody is told before a server of TensorFlow's listens. */
export const TRUST =
  'TensorFlow’s servers have neither password nor encryption and listen on every network interface: whoever reaches them can run anything as you. Use them only in a network where you trust everybody.';

/** How a run is trained on several machines, from its next process on. */
export const Across = z.strictObject({
  /** Where TensorFlow's server of this machine listens while the run trains, as the others reach it. */
  listen: MachineAddress,
  /** Seconds that a step may take at least; null: a minute. Three times the slowest of the last ten is always allowed. */
  stepSeconds: z.number().min(1).max(86_400).nullable(),
  /** Whether it goes on at once on the devices that are left where a machine is lost; else it waits until that is back. */
  goOnWithout: z.boolean(),
});
export type Across = z.infer<typeof Across>;

/** @throws {AppError} 'invalid-input' where other machines have devices of a run and don't know how to reach this one */
export function checkAcross(devices: readonly string[] | null, across: Across | null): void {
  if (across !== null || machinesOf(devices ?? []).length === 0) return;
  throw new AppError(
    'invalid-input',
    'The other machines must reach this one: say under which address, with a port that is free here (--listen HOST:PORT).',
  );
}

/**
 * The devices on which a run goes on at once where a machine is lost: those of the others, as many as can share its batch.
 *
 * @param machine null: none can be named
 * @returns null: it waits until all are there
 */
export function devicesWithout(
  { devices, across }: { readonly devices: Devices | null; readonly across: Across | null },
  batchSize: number,
  machine: string | null,
): Devices | null {
  if (across?.goOnWithout !== true || machine === null || devices === null) return null;
  const left = devices.filter((device) => machineOf(device) !== machine);
  const share = (count: number): boolean => batchSize % count === 0 && Devices.safeParse(left.slice(0, count)).success;
  const counts = left.map((_, index) => left.length - index);
  const count = counts.find(share);
  return count === undefined ? null : left.slice(0, count);
}

/** As long as timers go: 24 days. */
const FOREVER_MS = 2 ** 31 - 1;

/** A device that a machine has. */
export const OfferedDevice = z.strictObject({
  device: PartName,
  /** "NVIDIA GeForce RTX 4090", "AMD EPYC, 16 cores" */
  name: z.string(),
  /** What it holds in all, bytes, and what of it is free; null: unknown, or it isn't said. */
  bytes: z.number(),
  freeBytes: z.number().nullable(),
  precisions: z.array(PrecisionSupport),
});
export type OfferedDevice = z.infer<typeof OfferedDevice>;

/** What a worker says of itself. */
export const MachineOffer = z.strictObject({
  /** Its name in its own network. */
  hostname: z.string(),
  /** Version of TensorFlow. */
  tensorflow: z.string(),
  /** The processor as a whole, "cpu:0", and each card. */
  devices: z.array(OfferedDevice),
  /** Whether a run computes there. */
  busy: z.boolean(),
});
export type MachineOffer = z.infer<typeof MachineOffer>;

/** Asked of a worker: what it has. */
export const offer = defineCall('worker.offer', Nothing, MachineOffer);

/** Where it can't connect to, and what the system says: "connection refused". */
const Unreached = z.strictObject({ address: MachineAddress, reason: z.string() });

/** Asked of a worker: whether it reaches others over the network. */
export const reach = defineCall(
  'worker.reach',
  z.strictObject({ addresses: z.array(MachineAddress).max(64) }),
  z.strictObject({ unreached: z.array(Unreached) }),
);

/**
 * Asked of a worker: to start a process with a server of TensorFlow's for a run, which ends with this connection. Answered
 * when it listens. It is refused with 'conflict' while another run computes there.
 */
export const join = defineCall(
  'worker.join',
  z.strictObject({
    /** Where the servers of all machines listen, in the order of their numbers. */
    hosts: z.array(MachineAddress).min(2).max(64),
    /** Which of them this machine is. */
    task: z.int().positive(),
    devices: z.array(PartName).min(1),
    precision: Precision,
    deterministic: z.boolean(),
    /** So long its process may take to start. */
    withinMs: z.int().positive(),
  }),
  Nothing,
);

/** Asked of a worker: whether the process of its run is there and answers within some ms. */
export const lives = defineCall(
  'worker.lives',
  z.strictObject({ withinMs: z.int().positive() }),
  z.strictObject({
    lives: z.boolean(),
    /** What ended it; null: nothing did, or it is not known. */ end: z.string().nullable(),
  }),
);

/** Asked of a worker: how the process of its run ended; answered when it has, or when none is there. */
export const watch = defineCall('worker.watch', Nothing, z.strictObject({ end: z.string() }), 'page', FOREVER_MS);

/** Asked of a worker: to end when this connection does, because there is nothing left to do then. */
export const endWithMe = defineCall('worker.endWithMe', Nothing, Nothing);

/** What a machine says of a device by its own name; of a part of its processor, what it says of the whole. */
export function offeredOf({ devices }: Pick<MachineOffer, 'devices'>, part: string): OfferedDevice | undefined {
  return devices.find(({ device }) => device === (isCard(part) ? part : 'cpu:0'));
}

/**
 * Whether devices that are named are on offer and can do what is asked of them.
 *
 * @param machine address, for sentences
 * @param parts   of that machine: "gpu:0"
 * @throws {AppError} 'invalid-input'
 */
export function checkOffer(
  machine: string,
  { devices }: MachineOffer,
  parts: readonly string[],
  precision: Precision,
): void {
  for (const part of parts) {
    const offered = offeredOf({ devices }, part);
    if (offered === undefined) {
      const there = devices.map(({ device, name }) => `${device} (${name})`).join(', ');
      throw new AppError('invalid-input', `There is no ${machine}/${part}: there is ${there}.`);
    }
    const support = offered.precisions.find((one) => one.precision === precision);
    if (support?.status !== 'none') continue;
    throw new AppError('invalid-input', `${machine}/${part} can’t compute in ${precision}. ${support.reason}`);
  }
}

/** A worker as the library knows it, and what it says now. */
export const Machine = z.strictObject({
  address: MachineAddress,
  /** null: it doesn't answer as it should; `problem` says why. */
  offer: MachineOffer.nullable(),
  /** A sentence. */
  problem: z.string().nullable(),
});
export type Machine = z.infer<typeof Machine>;

/** All that were added, and what each says now; asks them over the network. */
export const listMachines = defineCall('machines.list', Nothing, z.array(Machine));

/**
 * Adds a worker, or gives it another token. Who asks has seen `TRUST`.
 *
 * Refused with 'unavailable' if nobody answers there, 'forbidden' if the token is wrong.
 */
export const addMachine = defineCall(
  'machines.add',
  z.strictObject({ address: MachineAddress, token: z.string().min(1).max(200), trustedNetwork: z.literal(true) }),
  Machine,
);

/** Forgets a worker; runs that name it can't go on there until it is added again. */
export const removeMachine = defineCall('machines.remove', z.strictObject({ address: MachineAddress }), Nothing);
