/**
 * Which pictures of a sheet stand for it: one from each of `count` rows spread over all of them (a row is a class), and
 * in different columns; fewer where the sheet is small.
 */
export function spread(pictures: number, columns: number, count: number): number[] {
  const rows = Math.max(1, Math.floor(pictures / columns));
  if (rows < count) return Array.from({ length: Math.min(count, pictures) }, (_, index) => index);
  return Array.from({ length: count }, (_, index) => Math.floor((index * rows) / count) * columns + (index % columns));
}
