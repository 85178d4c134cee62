import { paintHeat, type HeatCells } from './heat-image.ts';
import type { TimeRange } from './time-range.ts';

/** Widths of what is seen that are painted ahead once it moves: a move then copies pixels. */
const AHEAD = 3;
/** Wider canvases are refused by some browsers. */
const MOST_PX = 16_384;

/** Draws a map, and keeps what it painted beside what is seen. */
export class HeatStrip {
  readonly #canvas: HTMLCanvasElement = document.createElement('canvas');
  #cells: HeatCells | null = null;
  #range: TimeRange = { from: 0, to: 0 };
  /** Pixels of an image of training; 0: nothing is painted. */
  #density = 0;

  /**
   * @param cells of what
   * @param range what is seen
   * @param width pixels of that
   * @param end   training images where all of it ends
   */
  draw(context: CanvasRenderingContext2D, cells: HeatCells, range: TimeRange, width: number, end: number): void {
    const density = width / (range.to - range.from);
    const moves = cells === this.#cells && Math.abs(density / this.#density - 1) < 1e-9;
    if (!moves || range.from < this.#range.from || range.to > this.#range.to)
      this.#paint(context, cells, range, moves ? Math.min(AHEAD * width, MOST_PX) : width, density, end);
    const left = Math.round((range.from - this.#range.from) * density);
    context.clearRect(0, 0, width, cells.values.length);
    context.drawImage(this.#canvas, -left, 0);
  }

  #paint(
    context: CanvasRenderingContext2D,
    cells: HeatCells,
    range: TimeRange,
    wide: number,
    density: number,
    end: number,
  ): void {
    const length = wide / density;
    const middle = (range.from + range.to) / 2;
    const from = Math.max(Math.min(0, range.from), Math.min(middle - length / 2, Math.max(end, range.to) - length));
    this.#range = { from, to: from + length };
    this.#cells = cells;
    this.#density = density;
    this.#canvas.width = wide;
    this.#canvas.height = Math.max(1, cells.values.length);
    const pixels = paintHeat(cells, wide, this.#range);
    const image = context.createImageData(wide, Math.max(1, cells.values.length));
    image.data.set(pixels);
    this.#canvas.getContext('2d')?.putImageData(image, 0, 0);
  }
}
