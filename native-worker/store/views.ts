import { join } from 'node:path';
import * as z from 'zod';
import { AppError } from '../../contract/errors.ts';
import { Id } from '../../contract/common.ts';
import { isSameName, Name } from '../../contract/names.ts';
import { MOST_VIEWS, ViewLook } from '../../contract/views.ts';
import { writeAll, writeDurably } from './durable-file.ts';
import { readRegularFile } from './open-file.ts';
import { VIEWS_NAME } from './paths.ts';

/**
 * Views of runs: a file of the library's beside its index, which outlives it. A run is known again by its id and the time
 * at which it was made: an index that is begun anew gives its ids to others.
 */
const KeptView = z.strictObject({
  name: Name,
  /** `createdAt`: milliseconds since 1970. */
  runs: z.array(z.strictObject({ id: Id, name: z.string(), createdAt: z.int() })),
  look: ViewLook,
});
export type KeptView = z.infer<typeof KeptView>;
const ViewsFile = z.strictObject({ views: z.array(KeptView) });

const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** All of them, by name. @throws {AppError} 'corrupt-file' */
export function readViews(folder: string): KeptView[] {
  const path = join(folder, VIEWS_NAME);
  try {
    return ViewsFile.parse(JSON.parse(readRegularFile(path).toString('utf8'))).views;
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return [];
    throw new AppError(
      'corrupt-file',
      `${path}, which holds the saved views, can't be read. Move it away to save new ones.`,
      {
        cause: error,
      },
    );
  }
}

/** @throws {AppError} 'conflict' if there is one of the name that is not to be replaced, or there are too many; 'corrupt-file' */
export function putView(folder: string, view: KeptView, replace: boolean): void {
  const views = readViews(folder);
  const others = views.filter(({ name }) => !isSameName(name, view.name));
  if (others.length < views.length && !replace) throw taken(view.name);
  if (others.length >= MOST_VIEWS) {
    throw new AppError('conflict', `A library keeps ${MOST_VIEWS} views at most: delete one that is not needed.`);
  }
  write(folder, [...others, view]);
}

/** @throws {AppError} 'not-found'; 'conflict' if another has the new name; 'corrupt-file' */
export function renameView(folder: string, name: string, to: string): void {
  const views = readViews(folder);
  const view = found(views, name);
  const others = views.filter((other) => other !== view);
  if (others.some((other) => isSameName(other.name, to))) throw taken(to);
  write(folder, [...others, { ...view, name: to }]);
}

/** @throws {AppError} 'not-found', 'corrupt-file' */
export function deleteView(folder: string, name: string): void {
  const views = readViews(folder);
  const view = found(views, name);
  write(
    folder,
    views.filter((other) => other !== view),
  );
}

function found(views: readonly KeptView[], name: string): KeptView {
  const view = views.find((one) => isSameName(one.name, name));
  if (view === undefined) throw new AppError('not-found', `There is no view "${name}" (any more).`);
  return view;
}

function taken(name: string): AppError {
  return new AppError('conflict', `There is a view "${name}" already.`);
}

function write(folder: string, views: readonly KeptView[]): void {
  const sorted = [...views].sort((a, b) => byName.compare(a.name, b.name));
  writeDurably(join(folder, VIEWS_NAME), (fd) => {
    writeAll(fd, Buffer.from(`${JSON.stringify({ views: sorted } satisfies z.infer<typeof ViewsFile>, null, 2)}\n`));
  });
}
