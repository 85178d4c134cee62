import * as calls from '../../../contract/machines.ts';
import * as store from '../../store/machines.ts';
import { handler, type Handler } from '../handle.ts';
import { askOffer, lookAt } from '../machines.ts';
import type { ServiceParts } from './context.ts';

/** Workers on other machines: added, looked at, forgotten. */
export function machineHandlers({ library: { db } }: ServiceParts): Handler[] {
  return [
    handler(calls.listMachines, () => Promise.all(store.listMachines(db).map((address) => lookAt(db, address)))),
    handler(calls.addMachine, async ({ address, token }) => {
      const offer = await askOffer(address, token);
      store.putMachine(db, address, token);
      return { address, offer, problem: null };
    }),
    handler(calls.removeMachine, ({ address }) => {
      store.deleteMachine(db, address);
      return {};
    }),
  ];
}
