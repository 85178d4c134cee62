import type { Folder } from '../../../contract/folders.ts';
import type { Reply } from '../../../contract/call.ts';
import { service } from './fake-service.ts';

/** What the system's folder dialog answers; a test says it before the dialog is opened. */
export const systemDialog: { answer: () => Promise<Folder | null> } = { answer: () => Promise.resolve(null) };

/** What the service answers when it is started with a new index. */
export const newIndex: { answer: () => Reply } = { answer: () => ({ ok: true, value: {} }) };

/** Tells the page an event, as Electron's main process does. */
export let mainSays: (name: string, payload: unknown) => void = () => undefined;

/** Makes the page believe it is in Electron's window: import this before anything of the renderer. */
window.api = {
  call: (name, input) => Promise.resolve(service.reply(name, input)),
  onEvent: (listener) => {
    mainSays = listener;
    return () => undefined;
  },
  pickFolder: () => systemDialog.answer(),
  beginNewIndex: () => Promise.resolve(newIndex.answer()),
};
