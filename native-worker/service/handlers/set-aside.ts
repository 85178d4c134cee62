import { emptySetAside, listSetAside, SET_ASIDE_SHOWN } from '../../../contract/set-aside.ts';
import { insideLibrary, SET_ASIDE_FOLDER } from '../../store/paths.ts';
import * as store from '../../store/set-aside.ts';
import { handler, type Handler } from '../handle.ts';
import type { ServiceParts } from './context.ts';

/** Files that the index did not know, and that wait for somebody to look at them. */
export function setAsideHandlers({ library: { folder }, log }: ServiceParts): Handler[] {
  return [
    handler(listSetAside, () => {
      const { files, sizeBytes } = store.listSetAside(folder);
      return {
        count: files.length,
        sizeBytes,
        path: insideLibrary(folder, SET_ASIDE_FOLDER),
        newest: files.at(-1)?.split('/')[1] ?? null,
        files: files.slice(0, SET_ASIDE_SHOWN),
      };
    }),
    handler(emptySetAside, async () => {
      log.info({ files: store.listSetAside(folder).files }, 'what was set aside is deleted');
      await store.emptySetAside(folder);
      return {};
    }),
  ];
}
