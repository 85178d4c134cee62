import { grantFolder, listFolders } from '../../../contract/folders.ts';
import { handler, type Handler } from '../handle.ts';
import type { ServiceParts } from './context.ts';

/** Folders, by id. */
export function folderHandlers({ folders }: ServiceParts): Handler[] {
  return [handler(listFolders, ({ id }) => folders.list(id)), handler(grantFolder, ({ path }) => folders.grant(path))];
}
