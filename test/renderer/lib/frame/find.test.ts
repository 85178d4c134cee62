import { expect, test } from 'vitest';
import { find, fit } from '../../../../renderer/lib/frame/find.ts';

const names = ['Generate', 'emoji-small-baseline', 'About', 'New run', 'Runs'];

test('without letters everything is found in its order', () => {
  expect(find(names, (name) => name, ' ')).toEqual(names);
});

test('a beginning comes before a word within, that before scattered letters', () => {
  expect(find(['x base', 'baseline', 'bxaxsxe'], (name) => name, 'base')).toEqual(['baseline', 'x base', 'bxaxsxe']);
});

test('letters that are not there in order find nothing', () => {
  expect(fit('Runs', 'snur')).toBeNull();
  expect(find(names, (name) => name, 'zzz')).toEqual([]);
});

test('a name that is written decomposed, as on a Mac, is found by what is typed composed', () => {
  expect(find(['U\u0308bung'], (name) => name, '\u00fcb')).toHaveLength(1);
});
