import { AppError } from '../../../contract/errors.ts';
import { viewsChanged } from '../../../contract/events.ts';
import * as calls from '../../../contract/views.ts';
import { runIdentity } from '../../store/runs.ts';
import * as store from '../../store/views.ts';
import { handler, type Handler } from '../handle.ts';
import type { ServiceParts } from './context.ts';

/** Views of the Compare page, by name. */
export function viewHandlers({ library: { db, folder }, events }: ServiceParts): Handler[] {
  const changed = (): Record<string, never> => {
    events.emit(viewsChanged, {});
    return {};
  };
  return [
    handler(calls.listViews, () =>
      store.readViews(folder).map(({ name, look, runs }) => ({
        ...{ name, look },
        runs: runs.map((kept) => {
          const now = runIdentity(db, kept.id);
          const gone = now?.createdAt !== kept.createdAt;
          return { id: kept.id, name: gone ? kept.name : now.name, gone };
        }),
      })),
    ),
    handler(calls.saveView, ({ name, runIds, look, replace }) => {
      const runs = runIds.flatMap((id) => {
        const run = runIdentity(db, id);
        return run === null ? [] : [{ id, ...run }];
      });
      if (runs.length === 0) throw new AppError('not-found', 'None of these runs is there any more.');
      store.putView(folder, { name, runs, look }, replace);
      return changed();
    }),
    handler(calls.renameView, ({ name, to }) => {
      store.renameView(folder, name, to);
      return changed();
    }),
    handler(calls.deleteView, ({ name }) => {
      store.deleteView(folder, name);
      return changed();
    }),
  ];
}
