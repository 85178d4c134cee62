import type { Job } from '../../../contract/jobs.ts';

/** Under this name a tab remembers which imports it has seen going on, until they are dismissed or it is closed. */
const KEY = 'followed-imports';

/** Another library at the same address counts its jobs from one, too. */
const keyOf = ({ id, createdAt }: Job): string => `${id} ${createdAt}`;

const read = (): readonly string[] => (sessionStorage.getItem(KEY) ?? '').split(',').filter((key) => key !== '');
const write = (keys: readonly string[]): void => sessionStorage.setItem(KEY, keys.join(','));

/** Imports whose end is still to be told, also after a reload. */
export const followed = {
  has: (job: Job): boolean => read().includes(keyOf(job)),
  add(job: Job): void {
    if (!followed.has(job)) write([...read(), keyOf(job)]);
  },
  drop(job: Job): void {
    write(read().filter((key) => key !== keyOf(job)));
  },
};
