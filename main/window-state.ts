import { readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import { MIN_SIZE, type Bounds } from './window-options.ts';

const Saved = z.strictObject({
  x: z.int(),
  y: z.int(),
  width: z.int().min(MIN_SIZE.width).max(20_000),
  height: z.int().min(MIN_SIZE.height).max(20_000),
});

const DEFAULT: Bounds = { width: 1360, height: 900 };

/** A display's usable area, in the same units. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Where the window was last time, if that can be read and enough of its title bar lies on a display to take hold of.
 *
 * @param file  as `saveBounds` wrote it
 * @param areas of all displays that are connected now
 */
export function loadBounds(file: string, areas: readonly Area[]): Bounds {
  let saved: z.infer<typeof Saved>;
  try {
    saved = Saved.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return DEFAULT; // the first start, or a file of no use
  }
  const visible = areas.some(
    (area) =>
      saved.x + saved.width > area.x + 100 &&
      saved.x < area.x + area.width - 100 &&
      saved.y >= area.y - 10 &&
      saved.y < area.y + area.height - 50,
  );
  return visible ? saved : { width: saved.width, height: saved.height };
}

/** Remembers where the window is. Failing to is not worth a word: it only opens at its default place next time. */
export function saveBounds(file: string, bounds: Area): void {
  try {
    writeFileSync(file, JSON.stringify({ x: bounds.x, y: bounds.y, width: bounds.width, height: bounds.height }));
  } catch {
    return;
  }
}
