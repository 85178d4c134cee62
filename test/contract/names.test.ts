import fc from 'fast-check';
import { expect, test } from 'vitest';
import { beginning, isSameName, LONGEST_NAME, Name, named, searchable } from '../../contract/names.ts';

const same = (name: string): string => name;

test('a name means exactly that name, else what looks the same, else what differs in capitals alone', () => {
  const composed = '\u00dcbung';
  const decomposed = 'U\u0308bung';
  expect(named(composed, [decomposed, composed], same)).toEqual([composed]);
  expect(named(composed, [decomposed, composed.toLowerCase()], same)).toEqual([decomposed]);
  expect(named(decomposed.toLowerCase(), [composed], same)).toEqual([composed]);
  expect(named('CAT', ['Cat', 'cat', 'dog'], same)).toEqual(['Cat', 'cat']);
  expect(named('bird', ['Cat'], same)).toEqual([]);
});

test('a name is kept composed, without blanks around it', () => {
  expect(Name.parse(' Bu\u0308cher ')).toBe('B\u00fccher');
  expect(isSameName('Bu\u0308cher', 'B\u00fccher')).toBe(true);
  expect(isSameName('cat', 'Cat')).toBe(false);
  expect(searchable('BU\u0308CHER')).toContain(searchable('b\u00fcch'));
  expect(Name.safeParse(' ').success).toBe(false);
  expect(Name.safeParse('x'.repeat(LONGEST_NAME + 1)).success).toBe(false);
});

test('the beginning of a text ends between characters and is as long as fits', () => {
  const family = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'; // one character of eight units
  expect(beginning(`a${family}${family}`, 10)).toBe(`a${family}`);
  expect(beginning('e\u0301e\u0301', 3)).toBe('e\u0301');
  expect(beginning(family, 4)).toBe('\u{1f468}\u200d'); // nothing would be left else
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.nat(40), (text, length) => {
      const cut = beginning(text, length);
      expect(text.startsWith(cut)).toBe(true);
      expect(cut.length).toBeLessThanOrEqual(length);
      expect(Buffer.from(cut).toString()).toBe(cut); // no half of a character
      if (text.length <= length) expect(cut).toBe(text);
    }),
  );
});
