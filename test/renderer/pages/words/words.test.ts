import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, expect, test, vi } from 'vitest';
import { terms, termIds } from '../../../../renderer/lib/words/terms.ts';
import Words from '../../../../renderer/pages/words/Words.svelte';

afterEach(cleanup);

test('every word is on the page, and the one that is looked for is brought into sight', () => {
  const seen: string[] = [];
  Element.prototype.scrollIntoView = vi.fn(function (this: HTMLElement) {
    seen.push(this.dataset.word!);
  });
  render(Words, { at: 'sigma-rel' });
  expect(screen.getAllByRole('heading', { level: 2 })).toHaveLength(termIds.length);
  expect(seen).toEqual([terms['sigma-rel'].word]);
  expect(screen.getByRole('button', { name: 'Back' })).toBeTruthy();
});
