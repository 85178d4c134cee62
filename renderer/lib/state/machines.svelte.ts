import { addMachine, listMachines, removeMachine, type Machine } from '../../../contract/machines.ts';
import { client } from '../client/index.ts';
import { attempt } from './toasts.svelte.ts';

/** Other machines that were added, and what each says. They are asked over the network, so only when somebody looks. */
class Machines {
  /** Null until they were asked. */
  all: readonly Machine[] | null = $state.raw(null);
  asking = $state(false);
  /** Counts what was added and removed: an answer from before is out of date. */
  #changes = 0;

  async ask(): Promise<void> {
    this.asking = true;
    const changes = this.#changes;
    const found = await attempt(() => client.call(listMachines, {}));
    this.asking = false;
    if (changes !== this.#changes) return this.ask();
    this.all = found ?? this.all;
  }

  /** @returns whether it answered and was added; else a message says why not */
  async add(address: string, token: string): Promise<boolean> {
    const added = await attempt(() => client.call(addMachine, { address, token, trustedNetwork: true }));
    if (added === undefined) return false;
    this.#changes += 1;
    const others = (this.all ?? []).filter((machine) => machine.address !== address);
    this.all = [...others, added].sort((a, b) => a.address.localeCompare(b.address));
    return true;
  }

  async remove(address: string): Promise<void> {
    if ((await attempt(() => client.call(removeMachine, { address }))) === undefined) return;
    this.#changes += 1;
    this.all = (this.all ?? []).filter((machine) => machine.address !== address);
  }
}

export const machines = new Machines();
