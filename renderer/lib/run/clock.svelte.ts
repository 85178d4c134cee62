import { lastAt, nearest } from '../charts/series.ts';

/** How often a played clock moves on. */
const FRAME_MS = 160;
/** A played history takes about this many frames, whatever its length. */
const FRAMES = 80;

/**
 * The page's place in training, in images seen. Charts, heat map and pictures follow it. Without a place of its own it
 * stands at the newest moment and goes on with the training.
 */
export class Clock {
  /** Where it was set; null: at the newest moment. */
  place: number | null = $state(null);
  playing = $state(false);
  readonly #moments: () => readonly number[];
  /** The moment it shows. */
  readonly now: number = $derived.by(() => this.place ?? this.#moments().at(-1) ?? 0);
  #timer: ReturnType<typeof setInterval> | null = null;

  /** @param moments what was logged, rising; read anew each time */
  constructor(moments: () => readonly number[]) {
    this.#moments = moments;
  }

  get moments(): readonly number[] {
    return this.#moments();
  }

  /** Goes to the logged moment nearest to `nimg`. The newest one means: follow. */
  set(nimg: number): void {
    const moments = this.#moments();
    const index = nearest(moments, nimg);
    if (index >= 0) this.place = index === moments.length - 1 ? null : moments[index]!;
  }

  /** Goes on by so many logged moments; negative: back. */
  step(by: number): void {
    const moments = this.#moments();
    if (moments.length === 0) return;
    const index = lastAt(moments, this.now);
    const to = Math.min(moments.length - 1, Math.max(0, index + by));
    this.place = to === moments.length - 1 ? null : moments[to]!;
  }

  first(): void {
    const first = this.#moments()[0];
    if (first !== undefined) this.set(first);
  }

  last(): void {
    this.place = null;
  }

  /** Lets the clock run through the history, from the start if it stands at the end. */
  play(): void {
    if (this.playing) {
      this.pause();
      return;
    }
    if (this.place === null) this.first();
    this.playing = true;
    this.#timer = setInterval(() => {
      if (document.hidden) return; // nobody sees it
      this.step(Math.max(1, Math.round(this.#moments().length / FRAMES)));
      if (this.place === null) this.pause();
    }, FRAME_MS);
  }

  pause(): void {
    this.playing = false;
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Arrow keys, Home and End; tells whether the key was meant for the clock. */
  key(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const far = event.shiftKey ? 10 : 1;
    if (event.key === 'ArrowLeft') this.step(-far);
    else if (event.key === 'ArrowRight') this.step(far);
    else if (event.key === 'Home') this.first();
    else if (event.key === 'End') this.last();
    else return false;
    event.preventDefault();
    return true;
  }
}
