import { fitted, zoom, type TimeRange, type TimeWindow } from './time-range.ts';

/** How much a key makes what is seen shorter, or longer. */
const KEY_FACTOR = 2;

/** The stretch of training that all charts of a page show, in what their x counts: images seen, in most. */
export class TimeView implements TimeWindow {
  range: TimeRange | null = $state.raw(null);
  readonly #end: () => number;

  /** @param end right end of all; read anew each time */
  constructor(end: () => number) {
    this.#end = end;
  }

  get end(): number {
    return this.#end();
  }

  show(range: TimeRange | null): void {
    this.range = range === null ? null : fitted(range, this.end);
  }

  /** Moves what is seen until a place is in it. */
  follow(nimg: number): void {
    if (this.range === null) return;
    const { from, to } = this.range;
    if (nimg < from) this.show({ from: nimg, to: nimg + to - from });
    else if (nimg > to) this.show({ from: nimg - (to - from), to: nimg });
  }

  /** Plus and minus zoom, 0 shows all; tells whether the key was meant for it. @param around what stays where it is */
  key(event: KeyboardEvent, around: number | null): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const { from, to } = this.range ?? { from: 0, to: this.end };
    const place = around ?? (from + to) / 2;
    if (event.key === '+' || event.key === '=') zoom(this, KEY_FACTOR, place);
    else if (event.key === '-') zoom(this, 1 / KEY_FACTOR, place);
    else if (event.key === '0') this.show(null);
    else return false;
    event.preventDefault();
    return true;
  }
}
