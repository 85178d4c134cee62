import { ALIVE_MS } from '../../../contract/call.ts';
import { CONTRACT_VERSION } from '../../../contract/calls.ts';
import { RpcClient, type Wire } from '../../../contract/rpc-client.ts';
import type { ConnectionState, Transport } from './transport.ts';
import { unavailable } from './transport.ts';

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/** A line that says nothing for so long is dead, though nobody has closed it: a cable, a router, a machine asleep. */
const SILENCE_MS = 3 * ALIVE_MS;

/**
 * A WebSocket to the service's `/rpc`, opened again with growing pauses when it breaks. Calls made while it is not open
 * wait for the first opening and fail with 'unavailable' after that.
 */
export function socketTransport(url: string): Transport {
  let rpc: RpcClient | null = null;
  let state: ConnectionState = 'connecting';
  let retryMs = FIRST_RETRY_MS;
  let tellConnection: (state: ConnectionState) => void = () => undefined;
  let tellEvent: (name: string, payload: unknown) => void = () => undefined;

  function become(next: ConnectionState): void {
    if (next === state) return;
    state = next;
    tellConnection(next);
  }

  /** One connection, from its opening to its end. */
  async function connect(): Promise<void> {
    rpc = new RpcClient(webSocketWire(url), (name, payload) => tellEvent(name, payload), { silenceMs: SILENCE_MS });
    const hello = await rpc.greeting.catch(() => null);
    if (hello?.contract === CONTRACT_VERSION) {
      retryMs = FIRST_RETRY_MS;
      become('open');
    } else if (hello !== null && sessionStorage.getItem('reloaded') !== String(hello.contract)) {
      // The page came from an older or newer service than the one that answers now: load the right one, once.
      sessionStorage.setItem('reloaded', String(hello.contract));
      window.location.reload();
      return;
    }
    await rpc.closed;
    rpc = null;
    become('lost');
    setTimeout(() => void connect(), retryMs);
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
  }

  return {
    call: (name, input) => (rpc === null || state === 'lost' ? Promise.resolve(unavailable) : rpc.call(name, input)),
    onEvent(handler) {
      tellEvent = handler;
    },
    onConnection(handler) {
      tellConnection = handler;
      void connect();
    },
    pickFolder: null,
    beginNewIndex: null,
  };
}

function webSocketWire(url: string): Wire {
  const socket = new WebSocket(url);
  return {
    send: (text) => socket.send(text),
    onMessage: (listener) => socket.addEventListener('message', (event) => listener(String(event.data))),
    onClose: (listener) => socket.addEventListener('close', () => listener()),
    close: () => socket.close(),
  };
}

/** The address of the service that served this page. */
export function socketUrl(location: Location): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/rpc`;
}
