import { ServiceMessage, type Reply } from '../../../contract/call.ts';
import { CONTRACT_VERSION } from '../../../contract/calls.ts';
import type { ConnectionState, Transport } from './transport.ts';
import { unavailable } from './transport.ts';

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/**
 * A WebSocket to the service's `/rpc`, opened again with growing pauses when it breaks. Calls made while it is not open
 * wait for the first opening and fail with 'unavailable' after that.
 */
export function socketTransport(url: string): Transport {
  let socket: WebSocket | null = null;
  let state: ConnectionState = 'connecting';
  let nextId = 1;
  let retryMs = FIRST_RETRY_MS;
  let tellConnection: (state: ConnectionState) => void = () => undefined;
  let tellEvent: (name: string, payload: unknown) => void = () => undefined;
  const waiting = new Map<number, (reply: Reply) => void>();
  const unsent: string[] = [];

  function become(next: ConnectionState): void {
    if (next === state) return;
    state = next;
    tellConnection(next);
  }

  function receive(text: string): void {
    const message = ServiceMessage.parse(JSON.parse(text));
    switch (message.kind) {
      case 'hello':
        // The page came from an older or newer service than the one that answers now: load the right one, once.
        if (message.contract !== CONTRACT_VERSION && sessionStorage.getItem('reloaded') !== String(message.contract)) {
          sessionStorage.setItem('reloaded', String(message.contract));
          window.location.reload();
          return;
        }
        retryMs = FIRST_RETRY_MS;
        become('open');
        for (const line of unsent.splice(0)) socket?.send(line);
        return;
      case 'reply':
        waiting.get(message.id)?.(message.reply);
        waiting.delete(message.id);
        return;
      case 'event':
        tellEvent(message.event, message.payload);
        return;
      default:
        message satisfies never;
    }
  }

  function connect(): void {
    socket = new WebSocket(url);
    socket.addEventListener('message', (event) => receive(String(event.data)));
    socket.addEventListener('close', () => {
      socket = null;
      unsent.length = 0;
      for (const answer of waiting.values()) answer(unavailable);
      waiting.clear();
      become('lost');
      setTimeout(connect, retryMs);
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    });
  }

  return {
    call(name, input) {
      if (state === 'lost') return Promise.resolve(unavailable);
      return new Promise((resolve) => {
        const id = nextId++;
        waiting.set(id, resolve);
        const line = JSON.stringify({ id, call: name, input });
        if (state === 'open') socket?.send(line);
        else unsent.push(line);
      });
    },
    onEvent(handler) {
      tellEvent = handler;
    },
    onConnection(handler) {
      tellConnection = handler;
      connect();
    },
    pickFolder: null,
  };
}

/** The address of the service that served this page. */
export function socketUrl(location: Location): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/rpc`;
}
