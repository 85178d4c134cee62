import { byMachine, isCard, machinesOf, type Devices } from '../../contract/devices.ts';
import { AppError } from '../../contract/errors.ts';
import { checkOffer, offer, offeredOf, type Machine, type MachineOffer } from '../../contract/machines.ts';
import type { TrainingMemory } from '../../contract/memory-advice.ts';
import type { Precision, PrecisionSupport } from '../../contract/precision.ts';
import { openWorker, otherVersion } from '../client/worker-client.ts';
import { tokenOf } from '../store/machines.ts';
import { appVersion } from './program-files.ts';

/** Workers on other machines, asked over the network. */

/** So long a worker may take to say what it has: it asks nvidia-smi. */
const OFFER_MS = 20_000;

/** What a worker has. @throws {AppError} 'unavailable', 'forbidden', 'conflict' */
export async function askOffer(address: string, token: string): Promise<MachineOffer> {
  const worker = await openWorker(address, token);
  try {
    if (worker.version !== appVersion()) throw otherVersion(address, worker.version);
    return await worker.call(offer, {}, OFFER_MS);
  } finally {
    worker.close();
  }
}

/** What a machine that was added has, or why it doesn't say. Never rejects. */
export async function lookAt(folder: string, address: string): Promise<Machine> {
  try {
    return { address, offer: await askOffer(address, tokenOf(folder, address)), problem: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { address, offer: null, problem: error.message };
  }
}

/**
 * Looks whether other machines have the devices that a run names, and what of them training has to fit into.
 *
 * @param folder the library's
 * @returns the memory of each device of another machine; of parts of a processor, what each has of it
 * @throws {AppError} 'invalid-input' for what they don't have or can't do; 'unavailable', 'forbidden', 'conflict'
 */
export async function checkMachines(
  folder: string,
  devices: Devices | null,
  precision: Precision,
): Promise<TrainingMemory[]> {
  const others = byMachine(devices ?? []).flatMap(({ machine, parts }) => (machine === null ? [] : { machine, parts }));
  const memories = await Promise.all(
    others.map(async ({ machine, parts }) => {
      const offered = await askOffer(machine, tokenOf(folder, machine));
      checkOffer(machine, offered, parts, precision);
      return parts.map((part): TrainingMemory => {
        const { name, bytes, freeBytes } = offeredOf(offered, part)!; // `checkOffer` has found it
        const share = isCard(part) ? 1 : parts.length;
        return { device: `${name} of ${machine}`, bytes: bytes / share, freeBytes: freeBytes && freeBytes / share };
      });
    }),
  );
  return memories.flat();
}

/** What each device of other machines makes of each precision; those of a machine that doesn't answer are left out. */
export async function otherPrecisions(folder: string, devices: Devices | null): Promise<PrecisionSupport[][]> {
  const machines = await Promise.all(machinesOf(devices ?? []).map((address) => lookAt(folder, address)));
  return byMachine(devices ?? []).flatMap(({ machine, parts }) => {
    const offered = machines.find(({ address }) => address === machine)?.offer ?? { devices: [] };
    return parts.flatMap((part) => {
      const found = offeredOf(offered, part);
      return found === undefined ? [] : [found.precisions];
    });
  });
}
