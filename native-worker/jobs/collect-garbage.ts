import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * Collects JavaScript's garbage now, in some hundredths of a second. Numbers of tensors that were read to the host lie
 * outside of its heap, which does not know how much memory waits there to be freed, and leaves it for long.
 */
export function collectGarbage(): void {
  collect();
}
