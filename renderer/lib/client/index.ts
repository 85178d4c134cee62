import { Client } from './client.svelte.ts';
import { socketTransport, socketUrl } from './socket-transport.ts';
import { windowTransport } from './window-transport.ts';

/** The page's one way to the service: Electron's wire in a window, a WebSocket in a browser tab. */
export const client = new Client(
  window.api ? windowTransport(window.api) : socketTransport(socketUrl(window.location)),
);
