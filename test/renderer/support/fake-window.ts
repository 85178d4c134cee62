import type { Folder } from '../../../contract/folders.ts';
import { service } from './fake-service.ts';

/** What the system's folder dialog answers; a test says it before the dialog is opened. */
export const systemDialog: { answer: () => Promise<Folder | null> } = { answer: () => Promise.resolve(null) };

/** Makes the page believe it is in Electron's window: import this before anything of the renderer. */
window.api = {
  call: (name, input) => Promise.resolve(service.reply(name, input)),
  onEvent: () => () => undefined,
  pickFolder: () => systemDialog.answer(),
};
