import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readImport } from '../../../native-worker/cli/commands/import.ts';
import { pictures } from '../../../native-worker/cli/words.ts';

const cats = resolve('pictures', 'cats');

test('a dataset is called as its folder unless a name is given', () => {
  expect(readImport(cats, { resolution: '64' })).toEqual({ name: 'cats', resolution: 64 });
  expect(readImport(cats, { name: 'Birds', resolution: '64' })).toMatchObject({ name: 'Birds' });
});

test('a folder with a name longer than a dataset may have gives its beginning', () => {
  expect(readImport(resolve('x'.repeat(200)), { resolution: '32' }).name).toBe('x'.repeat(100));
  // 125 UTF-16 units: half of an emoji would be left at the 100th.
  const name = `a${'\u{1f600}'.repeat(62)}`;
  expect(readImport(resolve(name), { resolution: '8' }).name).toBe(`a${'\u{1f600}'.repeat(49)}`);
});

test.each([resolve('/'), cats])('an empty name of %s is refused', (folder) => {
  const given = folder === cats ? { name: ' ', resolution: '32' } : { resolution: '32' };
  expect(() => readImport(folder, given)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
});

test('one picture is no plural', () => {
  expect([0, 1, 2].map(pictures)).toEqual(['0 pictures', '1 picture', '2 pictures']);
});
