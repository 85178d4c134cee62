/**
 * Keys that go from row to row of a table, and to where; undefined: another key.
 *
 * @param page rows that Page Up and Page Down pass; absent: they are left to the browser
 */
export function rowFor(key: string, index: number, count: number, page?: number): number | undefined {
  const steps: Record<string, number> = { ArrowUp: index - 1, ArrowDown: index + 1, Home: 0, End: count - 1 };
  if (page !== undefined) Object.assign(steps, { PageUp: index - page, PageDown: index + page });
  const to = steps[key];
  return to === undefined ? undefined : Math.min(count - 1, Math.max(0, to));
}
