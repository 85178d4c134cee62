import * as calls from '../../../contract/machines.ts';
import * as store from '../../store/machines.ts';
import { handler, type Handler } from '../handle.ts';
import { askOffer, lookAt } from '../machines.ts';
import type { ServiceParts } from './context.ts';

/** Workers on other machines: added, looked at, forgotten. */
export function machineHandlers({ library: { folder } }: ServiceParts): Handler[] {
  return [
    handler(calls.listMachines, () =>
      Promise.all(store.listMachines(folder).map((address) => lookAt(folder, address))),
    ),
    handler(calls.addMachine, async ({ address, token }) => {
      const offer = await askOffer(address, token);
      store.putMachine(folder, address, token);
      return { address, offer, problem: null };
    }),
    handler(calls.removeMachine, ({ address }) => {
      store.deleteMachine(folder, address);
      return {};
    }),
  ];
}
