import type { Command } from 'commander';
import { MachineAddress, machinesOf } from '../../contract/devices.ts';
import { AppError } from '../../contract/errors.ts';
import { addMachine, TRUST, type Across } from '../../contract/machines.ts';
import type { ServiceClient } from '../client/service-client.ts';
import { LONGEST_WAIT_SECONDS, numberFrom } from './arguments.ts';

/** Options of commands that train on several machines. */
export interface MachineOptions {
  readonly listen?: string;
  readonly trustedNetwork?: boolean;
  readonly goOnWithout?: boolean;
  readonly stepLimit?: string;
}

/** Whether any of them is given. */
export function areGiven({ listen, goOnWithout, stepLimit }: MachineOptions): boolean {
  return listen !== undefined || goOnWithout === true || stepLimit !== undefined;
}

/** What `--trusted-network` is for. */
export const TRUSTED_HELP = 'say that you trust everybody in the network: TensorFlow’s servers keep nobody out';

export function addMachineOptions(command: Command): Command {
  return command
    .option('--listen <host:port>', 'where other machines reach this one while it trains with them')
    .option('--trusted-network', TRUSTED_HELP)
    .option('--go-on-without', 'if a machine is lost, go on at once on the others; else the run waits until it is back')
    .option('--slurm', 'one task of several that `srun` started: the first trains, the others lend it their devices')
    .option('--step-limit <seconds>', 'time that a step with other machines may take at least (default: 60)');
}

/**
 * How other machines take part in a run.
 *
 * @returns null: they don't
 * @throws {AppError} 'invalid-input' for options that don't fit the devices, and without `--trusted-network`
 */
export function acrossFrom(options: MachineOptions, devices: readonly string[] | null): Across | null {
  const machines = machinesOf(devices ?? []);
  if (machines.length === 0) {
    if (!areGiven(options)) return null;
    throw new AppError(
      'invalid-input',
      '--listen, --go-on-without and --step-limit are for training with other machines: name a device of one, such as --devices local/gpu:0,gpu-box:7900/gpu:0.',
    );
  }
  if (options.listen === undefined) {
    throw new AppError(
      'invalid-input',
      `${machines[0]!} must reach this machine: say under which address with --listen HOST:PORT, a port that is free here.`,
    );
  }
  needTrust(options);
  return {
    listen: addressNamed(options.listen, '--listen'),
    stepSeconds: stepSeconds(options),
    goOnWithout: options.goOnWithout === true,
  };
}

/** null: the usual time. @throws {AppError} 'invalid-input' */
export function stepSeconds({ stepLimit }: MachineOptions): number | null {
  return stepLimit === undefined ? null : numberFrom(stepLimit, '--step-limit', 1, LONGEST_WAIT_SECONDS);
}

/** @throws {AppError} 'invalid-input' with what it means */
export function needTrust({ trustedNetwork }: Pick<MachineOptions, 'trustedNetwork'>): void {
  if (trustedNetwork === true) return;
  throw new AppError('invalid-input', `${TRUST} Say that it is so with --trusted-network.`);
}

/** @throws {AppError} 'invalid-input' */
export function addressNamed(text: string, option: string): string {
  const address = MachineAddress.safeParse(text.trim().toLowerCase());
  if (address.success) return address.data;
  throw new AppError('invalid-input', `${option}, ${address.error.issues[0]!.message}; not "${text}".`);
}

/** Makes the machines of a run known to the library, by the token of the environment if there is one. */
export async function addMachines(client: ServiceClient, devices: readonly string[] | null): Promise<void> {
  const token = process.env.EDM2_WORKER_TOKEN;
  if (token === undefined || token === '') return;
  for (const address of machinesOf(devices ?? [])) {
    await client.call(addMachine, { address, token, trustedNetwork: true });
  }
}
