import { createRequire } from 'node:module';
import type * as koffi from 'koffi';

/** `prctl`'s "send me a signal when who started me ends" (linux/prctl.h). */
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/**
 * Has this process killed as soon as the one that started it is gone, even if it is stopped itself and would not notice.
 * Only Linux can; elsewhere it does nothing.
 */
export function endWithParent(): void {
  if (process.platform !== 'linux') return;
  const { load } = createRequire(import.meta.url)('koffi') as typeof koffi;
  const prctl = load('libc.so.6').func('int prctl(int option, unsigned long value)') as (
    option: number,
    value: number,
  ) => number;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}
