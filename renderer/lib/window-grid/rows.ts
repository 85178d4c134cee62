/** Which part of a long grid is in sight. */
export interface GridWindow {
  columns: number;
  rows: number;
  /** Height of the whole grid in pixels. */
  height: number;
  /** First item to draw, and the one after the last. */
  first: number;
  end: number;
  /** Distance of the first drawn row from the top, in pixels. */
  top: number;
}

/**
 * The items of a grid that must exist as elements: those in sight and `overscan` rows above and below.
 *
 * @param count   items in all
 * @param cell    width and height of a cell with its gap, in pixels
 * @param width   of the grid, in pixels
 * @param view    visible part: distance from the grid's top and height, in pixels
 */
export function gridWindow(
  count: number,
  cell: { width: number; height: number },
  width: number,
  view: { top: number; height: number },
  overscan = 3,
): GridWindow {
  const columns = Math.max(1, Math.floor(width / cell.width));
  const rows = Math.ceil(count / columns);
  const firstRow = Math.min(rows, Math.max(0, Math.floor(view.top / cell.height) - overscan));
  const endRow = Math.min(rows, Math.max(firstRow, Math.ceil((view.top + view.height) / cell.height) + overscan));
  return {
    columns,
    rows,
    height: rows * cell.height,
    first: Math.min(count, firstRow * columns),
    end: Math.min(count, endRow * columns),
    top: firstRow * cell.height,
  };
}

/**
 * Where an arrow key leads in a grid, or null for other keys and at the edges.
 *
 * @param key     of the keyboard event
 * @param index   item that has the focus
 * @param page    rows of a page, for Page Up and Page Down
 */
export function moveInGrid(key: string, index: number, columns: number, count: number, page = 5): number | null {
  const step: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -columns * page,
    PageDown: columns * page,
  };
  if (key === 'Home') return index === 0 ? null : 0;
  if (key === 'End') return index === count - 1 ? null : count - 1;
  if (!(key in step)) return null;
  const next = index + step[key]!;
  if (key === 'PageUp') return index === 0 ? null : Math.max(next, 0);
  if (key === 'PageDown') return index === count - 1 ? null : Math.min(next, count - 1);
  return next >= 0 && next < count ? next : null;
}
