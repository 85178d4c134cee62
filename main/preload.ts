/**
 * The page's only way out: four functions, of which none takes a channel name or hands out Electron's event. Runs in a
 * sandbox, so it is bundled into one CommonJS file.
 */
import { contextBridge, ipcRenderer } from 'electron';
import type { Reply } from '../contract/call.ts';
import { calls } from '../contract/calls.ts';
import type { Folder } from '../contract/folders.ts';
import { CALL_CHANNEL, EVENT_CHANNEL, NEW_INDEX_CHANNEL, PICK_FOLDER_CHANNEL } from './channels.ts';

const allowed = new Set(calls.filter((call) => call.audience === 'page').map((call) => call.name));

type Listener = (name: string, payload: unknown) => void;

const api = {
  /** Asks the service; main and service check again. */
  call: async (name: string, input: unknown): Promise<Reply> => {
    if (!allowed.has(name)) return { ok: false, code: 'forbidden', message: 'A page may not ask for that.' };
    return (await ipcRenderer.invoke(CALL_CHANNEL, name, input)) as Reply;
  },
  /** Hears every event of the service until the returned function is called. */
  onEvent: (listener: Listener): (() => void) => {
    const forward = (_event: unknown, name: string, payload: unknown): void => listener(name, payload);
    ipcRenderer.on(EVENT_CHANNEL, forward);
    return () => void ipcRenderer.removeListener(EVENT_CHANNEL, forward);
  },
  /** Lets the user pick a folder in the system's dialog; null: none was picked. */
  pickFolder: async (): Promise<Folder | null> => {
    const reply = (await ipcRenderer.invoke(PICK_FOLDER_CHANNEL)) as Reply;
    if (!reply.ok) throw new Error(reply.message);
    return reply.value as Folder | null;
  },
  /** Starts the service with a new index, where it said that the library's is lost. */
  beginNewIndex: async (): Promise<Reply> => (await ipcRenderer.invoke(NEW_INDEX_CHANNEL)) as Reply,
};

contextBridge.exposeInMainWorld('api', api);

export type PageApi = typeof api;
