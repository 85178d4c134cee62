const MARKS = ['--run-1', '--run-2', '--run-3', '--run-4', '--run-5', '--run-6'] as const;

/** Colour of a pinned row's curve, by its place among those that are pinned. */
export const pinMark = (index: number): string => MARKS[index % MARKS.length]!;

/** Rows that are pinned, by name: on every map that has them. As many as there are colours. */
export class Pins {
  layers: readonly string[] = $state.raw([]);
  /** A row that is to be pinned though no colour is left for it; null: none is. */
  waiting: string | null = $state(null);
  readonly most = MARKS.length;

  toggle(layer: string): void {
    if (this.layers.includes(layer)) this.layers = this.layers.filter((other) => other !== layer);
    else if (this.layers.length < MARKS.length) this.layers = [...this.layers, layer];
    else this.waiting = layer;
  }

  /** The row that waits takes the first one's place. */
  replaceFirst(): void {
    if (this.waiting !== null) this.layers = [...this.layers.slice(1), this.waiting];
    this.waiting = null;
  }

  clear(): void {
    this.layers = [];
  }
}
