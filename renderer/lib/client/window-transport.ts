import type { Reply } from '../../../contract/call.ts';
import type { ConnectionState, Transport, WindowApi } from './transport.ts';
import { unavailable } from './transport.ts';

/** How often a lost service is asked whether it is back. */
const RETRY_MS = 2000;

/** The one event that Electron's main process makes itself: the service came or went. */
const CONNECTION_EVENT = 'connection';

/**
 * Electron's wire. Main holds the socket, so the page learns of a lost service from main's word or by replies with the
 * code 'unavailable', and asks for `app.info` until one succeeds.
 */
export function windowTransport(api: WindowApi): Transport {
  let state: ConnectionState = 'connecting';
  let tell: (state: ConnectionState, why?: string) => void = () => undefined;
  let retry: ReturnType<typeof setTimeout> | null = null;

  function become(next: ConnectionState, why?: string): void {
    if (next === 'lost') retry ??= setTimeout(probe, RETRY_MS);
    if (next === state && (next !== 'lost' || why === undefined)) return;
    state = next;
    tell(next, why);
  }

  function probe(): void {
    retry = null;
    void call('app.info', {});
  }

  async function call(name: string, input: unknown): ReturnType<Transport['call']> {
    return judged(await api.call(name, input).catch(() => unavailable));
  }

  /** Every reply tells whether the service is there. */
  function judged(reply: Reply): Reply {
    if (!reply.ok && reply.code === 'index-lost') become('index-lost', reply.message);
    else if (!reply.ok && reply.code === 'unavailable') become('lost', reply.message);
    else become('open');
    return reply;
  }

  return {
    call,
    onEvent(handler) {
      api.onEvent((name, payload) => {
        if (name !== CONNECTION_EVENT) return handler(name, payload);
        const { open, why } = payload as { open: boolean; why?: string };
        become(open ? 'open' : 'lost', why);
      });
    },
    onConnection(handler) {
      tell = handler;
      probe();
    },
    pickFolder: () => api.pickFolder(),
    beginNewIndex: async () => judged(await api.beginNewIndex()),
  };
}
