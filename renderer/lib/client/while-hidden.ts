/** So many words of the service are kept while nobody sees the page: some minutes of a run that trains. */
export const MOST_KEPT = 500;

/**
 * Passes on what the service says while the page can be seen. While it is hidden (another tab is in front, the window is
 * small in the task bar) words wait, so that nothing is drawn, asked for or loaded. Once it is seen again they are told in
 * order, or, where there were too many, what the page shows is read again.
 */
export class WhileHidden {
  readonly #readAgain: () => void;
  #waiting: (() => void)[] = [];
  #missed = false;

  constructor(readAgain: () => void) {
    this.#readAgain = readAgain;
    document.addEventListener('visibilitychange', () => this.#catchUp());
  }

  /** Tells now what is new, or once the page is seen. */
  tell(news: () => void): void {
    this.#catchUp(); // the word may come before the event that the page is seen
    if (!document.hidden) return news();
    if (this.#missed) return;
    this.#waiting.push(news);
    if (this.#waiting.length > MOST_KEPT) this.#miss();
  }

  /** The connection is there again: what the page shows is read again, now or once it is seen. */
  reopened(): void {
    this.#miss();
    this.#catchUp();
  }

  #miss(): void {
    this.#missed = true;
    this.#waiting = [];
  }

  #catchUp(): void {
    if (document.hidden) return;
    const [waiting, missed] = [this.#waiting, this.#missed];
    this.#waiting = [];
    this.#missed = false;
    if (missed) this.#readAgain();
    else for (const news of waiting) news();
  }
}
