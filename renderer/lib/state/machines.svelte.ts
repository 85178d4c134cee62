import { addMachine, listMachines, removeMachine, type Machine } from '../../../contract/machines.ts';
import { client } from '../client/index.ts';
import { attempt } from './toasts.svelte.ts';

/** Other machines that were added, and what each says. They are asked over the network, so only when somebody looks. */
class Machines {
  /** Null until they were asked. */
  all: readonly Machine[] | null = $state.raw(null);
  asking = $state(false);

  async ask(): Promise<void> {
    this.asking = true;
    this.all = (await attempt(() => client.call(listMachines, {}))) ?? this.all;
    this.asking = false;
  }

  /** @returns whether it answered and was added; else a message says why not */
  async add(address: string, token: string): Promise<boolean> {
    const added = await attempt(() => client.call(addMachine, { address, token, trustedNetwork: true }));
    if (added === undefined) return false;
    const others = (this.all ?? []).filter((machine) => machine.address !== address);
    this.all = [...others, added].sort((a, b) => a.address.localeCompare(b.address));
    return true;
  }

  async remove(address: string): Promise<void> {
    if ((await attempt(() => client.call(removeMachine, { address }))) === undefined) return;
    this.all = (this.all ?? []).filter((machine) => machine.address !== address);
  }
}

export const machines = new Machines();
