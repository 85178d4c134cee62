import type { RunSummary } from '../../contract/runs.ts';
import { images } from '../../contract/units.ts';

/**
 * What happens to a run that is paused or stopped. Only one that trains has anything to write.
 *
 * @param run as it was before it was asked to
 * @param how what it was asked
 * @returns a sentence
 */
export function endingSentence(
  { id, state, nimg }: Pick<RunSummary, 'id' | 'state' | 'nimg'>,
  how: 'pause' | 'stop',
): string {
  if (state === 'running') {
    return how === 'pause'
      ? `Run ${id} writes a checkpoint and pauses.`
      : `Run ${id} writes a checkpoint and a last snapshot and ends; \`edm2 runs resume ${id}\` would go on.`;
  }
  const where = nimg === 0 ? 'it had not begun' : `it stays at ${images(nimg)}`;
  return state === 'queued' ? `Run ${id} leaves the queue; ${where}.` : `Run ${id} ends; ${where}.`;
}
