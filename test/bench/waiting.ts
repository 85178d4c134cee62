import { appInfo } from '../../contract/app.ts';
import type { ServiceClient } from '../../native-worker/client/service-client.ts';

/** Milliseconds. */
export interface Waited {
  readonly own: number;
  /** The longest that a small call of another connection took meanwhile. */
  readonly waited: number;
}

/** Milliseconds that something takes. */
export async function time(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

/** How long something takes, and how long others wait meanwhile. @param other a connection that nobody else uses */
export async function beside(other: ServiceClient, act: () => Promise<unknown>): Promise<Waited> {
  let busy = true as boolean; // changed by a promise
  let waited = 0;
  const asking = (async () => {
    while (busy) waited = Math.max(waited, await time(() => other.call(appInfo, {})));
  })();
  const own = await time(act);
  busy = false;
  await asking;
  return { own, waited };
}
