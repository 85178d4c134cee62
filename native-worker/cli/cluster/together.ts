import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { isCard, type Devices } from '../../../contract/devices.ts';
import { AppError } from '../../../contract/errors.ts';
import {
  addMachine,
  endWithMe,
  offer,
  removeMachine,
  type Across,
  type MachineOffer,
} from '../../../contract/machines.ts';
import type { ServiceClient } from '../../client/service-client.ts';
import { openWorker, type WorkerClient } from '../../client/worker-client.ts';
import { ownOffer } from '../../worker/offer.ts';
import { work } from '../commands/worker.ts';
import { withoutService, withService, type CommandContext } from '../command.ts';
import { needTrust, stepSeconds, type MachineOptions } from '../machine-options.ts';
import type { Output } from '../output.ts';
import { tasksOf } from './find-tasks.ts';
import type { Tasks } from './tasks.ts';

/** Options of commands that a scheduler may start once on each machine. */
export interface TogetherOptions extends MachineOptions {
  readonly slurm?: boolean;
  readonly devices?: string;
  readonly detach?: boolean;
}

/** Tasks of one step begin seconds apart; where a node boots first, minutes. */
const ARRIVAL_MS = 10 * 60_000;
const POLL_MS = 1000;

/** So long a task waits for the first one. */
const OWNER_MS = 30 * 60_000;

/**
 * The tasks that this command is one of.
 *
 * @returns null: it was started alone
 * @throws {AppError} 'invalid-input' for variables that make no sense, options that don't go with them, and TF_CONFIG
 *   without `--trusted-network`
 */
function tasksTogether(options: TogetherOptions): Tasks | null {
  const slurm = options.slurm === true;
  const tasks = tasksOf(slurm);
  if (tasks === null) return null;
  if (!slurm) needTrust(options);
  const useless = options.listen === undefined ? (options.devices === undefined ? null : '--devices') : '--listen';
  if (useless !== null) {
    const who = slurm ? 'Slurm' : 'TF_CONFIG';
    throw new AppError(
      'invalid-input',
      `${who} says who takes part and where, and each task with all it has: leave ${useless} out.`,
    );
  }
  if (options.detach === true)
    throw new AppError('invalid-input', 'The other tasks end with this command: leave --detach out.');
  tokenOf(tasks);
  return tasks;
}

/**
 * Runs a command that trains. Where a scheduler started it once on each machine, the first task does it with all of them,
 * and the others lend it what they have.
 *
 * @param read checks what was asked for, before a service is started or a library made; `alone`: no scheduler says who takes
 *   part
 * @param run  does it; `gathered`: who takes part, null: who the options name
 */
export async function withTasks<Asked>(
  command: Command,
  options: TogetherOptions,
  read: (alone: boolean) => Asked,
  run: (context: CommandContext, asked: Asked, gathered: Gathered | null) => Promise<number | undefined>,
): Promise<void> {
  let tasks = null as Tasks | null; // a callback changes it
  await withoutService(command, async (output) => {
    tasks = tasksTogether(options);
    if (tasks === null || tasks.rank === 0) return;
    read(false); // what the first task would refuse, all do
    await lendTo(tasks, output);
  });
  if (process.exitCode !== 0 || (tasks !== null && tasks.rank > 0)) return;
  const asked = (): Asked => read(tasks === null);
  await withService(command, asked, async (context, asked) => {
    if (tasks === null) return run(context, asked, null);
    const gathered = await gather(context.client, context.output, tasks, options);
    try {
      return await run(context, asked, gathered);
    } finally {
      await gathered.leave();
    }
  });
}

/** What all tasks but the first do: they lend what they have until the first has left. */
async function lendTo(tasks: Tasks, output: Output): Promise<void> {
  await work(output, {
    address: tasks.addresses[tasks.rank]!,
    threads: null,
    silenceMs: 30_000,
    token: tokenOf(tasks),
    ownerWithinMs: OWNER_MS,
  });
}

/** What the first task trains with, and what lets the others go. */
interface Gathered {
  readonly devices: Devices;
  readonly across: Across;
  /** To be called when nothing is left to do: the other tasks end. */
  readonly leave: () => Promise<void>;
}

/**
 * Waits for all other tasks, and makes them known to the library. From then on they end with this process.
 *
 * @throws {AppError} 'unavailable' if one doesn't come; 'invalid-input' if some have cards and others have none
 */
async function gather(
  client: ServiceClient,
  output: Output,
  tasks: Tasks,
  options: TogetherOptions,
): Promise<Gathered> {
  const token = tokenOf(tasks);
  const [listen, ...others] = tasks.addresses as [string, ...string[]];
  output.say(`Waiting for ${others.length} other ${others.length === 1 ? 'task' : 'tasks'}: ${others.join(', ')}.`);
  const deadline = performance.now() + ARRIVAL_MS;
  const workers = await Promise.all(others.map((address) => arrived(address, token, deadline)));
  const leave = async (): Promise<void> => {
    for (const worker of workers) worker.close();
    if (tasks.token === null) return;
    // Slurm's next job has other ports: nobody needs these tokens any more.
    for (const address of others) await client.call(removeMachine, { address }).catch(() => undefined);
  };
  try {
    const offers = await Promise.all(
      workers.map(async (worker) => {
        await worker.call(endWithMe, {});
        await client.call(addMachine, { address: worker.address, token, trustedNetwork: true });
        return { machine: worker.address, offered: await worker.call(offer, {}) };
      }),
    );
    const devices = allOf([{ machine: null, offered: await ownOffer() }, ...offers]);
    const across = { listen, stepSeconds: stepSeconds(options), goOnWithout: options.goOnWithout === true };
    return { devices, across, leave };
  } catch (error) {
    await leave();
    throw error;
  }
}

/** All cards of all machines; where none has any, each processor. */
function allOf(
  machines: readonly { readonly machine: string | null; readonly offered: Pick<MachineOffer, 'devices'> }[],
): Devices {
  const named = machines.map(({ machine, offered }) => ({
    machine: machine ?? 'the first task',
    cards: offered.devices.filter(({ device }) => isCard(device)).length,
    devices: offered.devices.map(({ device }) => (machine === null ? device : `${machine}/${device}`)),
  }));
  const bare = named.filter(({ cards }) => cards === 0);
  if (bare.length > 0 && bare.length < named.length) {
    throw new AppError(
      'invalid-input',
      `${bare.map(({ machine }) => machine).join(', ')} has no card, and others have: cards and processors don't share a batch.`,
    );
  }
  return named.flatMap(({ devices }) => devices.filter((device) => isCard(device) === (bare.length === 0)));
}

async function arrived(address: string, token: string, deadline: number): Promise<WorkerClient> {
  for (;;) {
    try {
      return await openWorker(address, token);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'unavailable' || performance.now() > deadline) throw error;
    }
    await sleep(POLL_MS);
  }
}

/** @throws {AppError} 'invalid-input' if nobody says it */
function tokenOf({ token }: Tasks): string {
  const known = process.env.EDM2_WORKER_TOKEN;
  if (known !== undefined && known !== '') return known;
  if (token !== null) return token;
  throw new AppError(
    'invalid-input',
    'Set EDM2_WORKER_TOKEN to the same secret for all tasks: by it they know each other.',
  );
}
