import { expect, test } from 'vitest';
import { termIds, termNamed, terms } from '../../../../renderer/lib/words/terms.ts';
import { sections, sectionsOf } from '../../../../renderer/pages/words/sections.ts';

const files = import.meta.glob<string>(['../../../../renderer/**/*.{ts,svelte}', '!**/terms.ts'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
const sources = Object.values(files).join('\n');

test.each(termIds)('“%s” has a section in docs/words.md that begins with its sentence and says more', (id) => {
  const section = sections.find(({ heading }) => heading === terms[id].word);
  const [first, ...more] = (section?.paragraphs ?? []).map((pieces) => pieces.map(({ text }) => text).join(''));
  expect(first).toBe(terms[id].sentence);
  expect(more.length).toBeGreaterThan(0);
});

test('docs/words.md explains no word that the app does not', () => {
  expect(sections.map(({ heading }) => heading)).toEqual(termIds.map((id) => terms[id].word));
});

test.each(termIds)('“%s” is met somewhere in the app', (id) => {
  expect(sources).toMatch(new RegExp(`(?:of="|term="|term: ')${id}["']`));
});

test.each(termIds)('“%s” is explained by one sentence', (id) => {
  expect(terms[id].sentence).toMatch(/^[A-Z][^\n]{20,170}\.$/);
});

test('an address that names no word leads to none', () => {
  expect([termNamed('kimg'), termNamed('nothing'), termNamed('toString'), termNamed(null)]).toEqual([
    'kimg',
    null,
    null,
    null,
  ]);
});

test('the page shows paragraphs, fixed-width words, and of links the words', () => {
  expect(sectionsOf('# Title\n\nIntro\n\n## A\n\nOne [link](x.md) and\n`code`.\n\nTwo.\n')).toEqual([
    {
      heading: 'A',
      paragraphs: [
        [
          { text: 'One link and ', code: false },
          { text: 'code', code: true },
          { text: '.', code: false },
        ],
        [{ text: 'Two.', code: false }],
      ],
    },
  ]);
});
