import type { Folder } from '../../../contract/folders.ts';
import type { Reply } from '../../../contract/call.ts';

/**
 * Whether the service can be asked: not yet, yes, it was there and is gone for now, or it can't start before the user
 * says what becomes of the library, whose index is lost.
 */
export type ConnectionState = 'connecting' | 'open' | 'lost' | 'index-lost';

/** How calls leave the page and events come in: Electron's wire or a WebSocket. */
export interface Transport {
  /** Never rejects: what goes wrong on the way is a reply with the code 'unavailable'. */
  call(name: string, input: unknown): Promise<Reply>;
  onEvent(handler: (name: string, payload: unknown) => void): void;
  /** `why` comes with 'index-lost': the service's sentence; and where the service died, with both its going and its return. */
  onConnection(handler: (state: ConnectionState, why?: string) => void): void;
  /** The system's folder dialog; null where there is none (a browser tab walks with `folders.list`). */
  readonly pickFolder: (() => Promise<Folder | null>) | null;
  /** Starts the service with a new index; null where the page itself came from the service. */
  readonly beginNewIndex: (() => Promise<Reply>) | null;
}

/** What Electron's preload script lays into the window. */
export interface WindowApi {
  call(name: string, input: unknown): Promise<Reply>;
  onEvent(handler: (name: string, payload: unknown) => void): () => void;
  pickFolder(): Promise<Folder | null>;
  beginNewIndex(): Promise<Reply>;
}

declare global {
  interface Window {
    api?: WindowApi;
  }
}

export const unavailable: Reply = {
  ok: false,
  code: 'unavailable',
  message: 'The service of EDM2 Studio does not answer. The page tries again by itself.',
};
