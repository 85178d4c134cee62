import { MachineAddress } from '../../../contract/devices.ts';
import { AppError } from '../../../contract/errors.ts';
import { slurmTasks } from './slurm.ts';
import type { Tasks } from './tasks.ts';
import { tfConfigTasks } from './tf-config.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The tasks that this process is one of, from what the scheduler wrote into its environment.
 *
 * @param slurm whether it is to be Slurm's
 * @returns     null: it is alone
 * @throws {AppError} 'invalid-input' for variables that are missing or make no sense
 */
export function tasksOf(slurm: boolean, variables: Variables = process.env): Tasks | null {
  const found = slurm ? slurmTasks(variables) : tfConfigTasks(variables);
  if (found === null || found.addresses.length < 2) return null;
  const addresses = found.addresses.map((address) => address.toLowerCase());
  const odd = addresses.find((address) => !MachineAddress.safeParse(address).success);
  if (odd !== undefined)
    throw new AppError('invalid-input', `"${odd}" is no address with a port, such as gpu-box:7900.`);
  return { ...found, addresses };
}
