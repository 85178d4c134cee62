/**
 * Levels of a history: level 0 cuts it into parts of so many images, each further level joins some parts of the one below.
 * What a part keeps is the affair of whoever has levels (`tick-levels.ts`, `dynamics-levels.ts`).
 */

/** How far levels reach. */
export interface Ends {
  /** Images of a part of level 0. */
  readonly width: number;
  /** What was recorded at fewer images is in level 0; a multiple of `width`. */
  readonly until: number;
}

/** A part of a stretch of history that is read from one level; −1: from what was recorded. */
export interface Piece {
  readonly level: number;
  /** First count of images. */
  readonly from: number;
  /** Count of images before which it ends. */
  readonly to: number;
}

/**
 * The pieces of a stretch, in order: as much as there is of the level, and what is left at both ends from those below.
 *
 * @param ends   null: there are no levels
 * @param factor parts of one level that are a part of the next
 */
export function piecesOf(ends: Ends | null, factor: number, { level, from, to }: Piece): Piece[] {
  if (from >= to) return [];
  if (level < 0 || ends === null) return [{ level: -1, from, to }];
  const width = ends.width * factor ** level;
  const first = Math.ceil(from / width) * width;
  const last = floorTo(Math.min(to, floorTo(ends.until, width)), width);
  if (first >= last) return piecesOf(ends, factor, { level: level - 1, from, to });
  return [
    ...piecesOf(ends, factor, { level: level - 1, from, to: first }),
    { level, from: first, to: last },
    ...piecesOf(ends, factor, { level: level - 1, from: last, to }),
  ];
}

export function floorTo(value: number, width: number): number {
  return Math.floor(value / width) * width;
}
