import { expect, test } from 'vitest';
import { csvTable, csvText } from '../../contract/csv.ts';

test.each(['=1+1', '+x', '-x', '@sum'])('a name like %s can not become a formula of a spreadsheet', (name) => {
  expect(csvText(name).startsWith("'")).toBe(true);
});

test('quotes in a name are doubled, numbers stand as they are, and what is not known is empty', () => {
  expect(
    csvTable([
      ['a "b"', 'c,d'],
      [-1.5, null],
    ]),
  ).toBe('"a ""b""","c,d"\r\n-1.5,\r\n');
});
