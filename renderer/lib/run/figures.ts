import type { Progress } from '../../../contract/jobs.ts';
import { progressWords } from '../../../contract/time-left.ts';
import type { Run, RunSummary } from '../../../contract/runs.ts';
import { atOrOn, duration, images, imagesOf, when } from '../format.ts';

/**
 * What a run is doing, as a sentence.
 *
 * @param doing what its job tells of itself (`jobs.doingOf`)
 */
export function stateSentence(run: RunSummary | Run, doing: Progress | null = null, now = Date.now()): string {
  const seen = imagesOf(run.nimg, run.durationImages);
  switch (run.state) {
    case 'queued':
      return run.nimg > 0 ? `Waiting to go on at ${images(run.nimg)}` : 'Waiting for the device';
    case 'running': {
      if (doing !== null) return progressWords(doing);
      const since = run.startedAt === null ? '' : ` since ${when(run.startedAt, now)}`;
      return run.nimg === 0 ? `Starting${since}` : `Training${since}, ${seen}`;
    }
    case 'paused':
      return `Paused at ${seen}`;
    case 'finished':
      return `Finished${ended(run, now)}, ${seen}`;
    case 'stopped':
      return `Stopped${ended(run, now)} at ${seen}`;
    case 'failed':
      return `Failed at ${seen}`;
    default:
      return run.state satisfies never;
  }
}

function ended(run: RunSummary, now: number): string {
  return run.endedAt === null ? '' : ` ${when(run.endedAt, now)}`;
}

/** "3 h 12 min, done at 17:14", "9 h, done tomorrow 02:30": how long still, and when that is. */
export function etaSentence(seconds: number | null, now = Date.now()): string {
  if (seconds === null) return '';
  return `${duration(seconds)}, done ${atOrOn(now + seconds * 1000, now)}`;
}
