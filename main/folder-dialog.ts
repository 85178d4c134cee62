import { dialog, type BrowserWindow, type OpenDialogOptions } from 'electron';
import type { Reply } from '../contract/call.ts';
import { grantFolder } from '../contract/folders.ts';
import type { Service } from './service.ts';

/** Shows the system's folder dialog and turns what was picked into an id, so that the page never says a path. */
export async function pickFolder(window: BrowserWindow | null, service: Service): Promise<Reply> {
  const options: OpenDialogOptions = {
    title: 'Folder of pictures',
    buttonLabel: 'Choose',
    properties: ['openDirectory'],
  };
  const picked = await (window === null ? dialog.showOpenDialog(options) : dialog.showOpenDialog(window, options));
  const path = picked.filePaths[0];
  if (picked.canceled || path === undefined) return { ok: true, value: null };
  return service.call(grantFolder.name, { path });
}
