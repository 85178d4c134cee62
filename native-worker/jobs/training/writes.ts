import { collectGarbage } from '../collect-garbage.ts';

/**
 * Files that are written beside training, one after the other in the order in which they were asked for. What goes wrong
 * with one is told at the next look, and those behind it are not written.
 */
export class Writes {
  #last: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | null = null;

  /** @param write begins when those before it are done */
  add(write: () => Promise<void>): void {
    this.#last = this.#last
      .then(async () => {
        if (this.#failure === null) await write();
      })
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .finally(collectGarbage); // numbers that were written
  }

  /** @throws what went wrong so far */
  check(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Waits until all is written. @throws what went wrong */
  async done(): Promise<void> {
    await this.#last;
    this.check();
  }

  /** Waits until nothing is being written, whatever becomes of it. */
  async over(): Promise<void> {
    await this.#last;
  }
}
