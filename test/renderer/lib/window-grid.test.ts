import { expect, test } from 'vitest';
import { gridWindow, moveInGrid } from '../../../renderer/lib/window-grid/rows.ts';

const cell = { width: 50, height: 50 };

test('of 3,781 pictures only those near the visible part are drawn', () => {
  const part = gridWindow(3781, cell, 1000, { top: 5000, height: 600 });
  expect(part.columns).toBe(20);
  expect(part.rows).toBe(190);
  expect(part.height).toBe(9500);
  // Rows 100 to 111 are in sight, three more above and below.
  expect([part.first, part.end]).toEqual([97 * 20, 115 * 20]);
  expect(part.top).toBe(97 * 50);
});

test.each([0, 5000, 9500, 20_000])('everything between %d and a page further is drawn', (top) => {
  const part = gridWindow(3781, cell, 1000, { top, height: 600 });
  const wanted = (pixel: number): number => Math.min(3781, Math.floor(pixel / 50) * 20);
  expect(part.first).toBeLessThanOrEqual(wanted(top));
  expect(part.end).toBeGreaterThanOrEqual(wanted(top + 600));
});

test('a grid narrower than a cell still has a column, and an empty grid draws nothing', () => {
  expect(gridWindow(5, cell, 10, { top: 0, height: 100 }).columns).toBe(1);
  const empty = gridWindow(0, cell, 500, { top: 0, height: 100 });
  expect([empty.first, empty.end, empty.height]).toEqual([0, 0, 0]);
});

test('arrow keys move inside the grid and stop at its edges', () => {
  expect(moveInGrid('ArrowRight', 3, 5, 12)).toBe(4);
  expect(moveInGrid('ArrowDown', 3, 5, 12)).toBe(8);
  expect(moveInGrid('ArrowDown', 9, 5, 12)).toBeNull();
  expect(moveInGrid('ArrowUp', 3, 5, 12)).toBeNull();
  expect(moveInGrid('End', 3, 5, 12)).toBe(11);
  expect(moveInGrid('PageDown', 3, 5, 12)).toBe(11);
  expect(moveInGrid('a', 3, 5, 12)).toBeNull();
});
