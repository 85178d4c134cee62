/** What becomes of a service that died, for whoever started it: the window and `edm2 serve` do and say the same. */

/**
 * A service that lived this long was well, in ms: what ends it then, once a night perhaps, is something else than what
 * ended the one before it, and a new start is worth it. One that dies sooner would die again and again.
 */
export const WELL_MS = 600_000;

/** A service that dies, or can't be started, is started again once, and once more after each that was well. */
export class Restarts {
  #used = false;

  /**
   * @param livedMs how long the service lived that died now; 0: it could not be started
   * @returns whether it is to be started again
   */
  allow(livedMs: number): boolean {
    if (this.#used && livedMs < WELL_MS) return false;
    this.#used = true;
    return true;
  }
}

/** @param log the file that may say why */
export function serviceDied(log: string): string {
  return `EDM2 Studio's service ended unexpectedly; its log (${log}) may say why.`;
}

export const serviceStartedAgain = 'It was started again, and a run that trained goes on from its last checkpoint.';

/** @param log the file that may say why */
export function serviceDiedAgain(log: string): string {
  return `EDM2 Studio's service ended unexpectedly once more and is not started again; a run that trained pauses with a checkpoint. Its log (${log}) may say why.`;
}

/** @param why the sentence with which its second start failed, too */
export function serviceNotStarted(why: string): string {
  return `${why} It was tried twice; start EDM2 Studio again to try once more.`;
}
