import { afterEach, beforeEach, expect, test } from 'vitest';
import { MOST_KEPT, WhileHidden } from '../../../renderer/lib/client/while-hidden.ts';
import { hidePage } from '../support/page-visibility.ts';

let told: (number | 'all')[];
let words: WhileHidden;
const say = (word: number): void => words.tell(() => told.push(word));

beforeEach(() => {
  told = [];
  words = new WhileHidden(() => told.push('all'));
});
afterEach(() => hidePage(false));

test('a page that is seen is told at once', () => {
  say(1);
  expect(told).toEqual([1]);
});

test('what came while it was hidden is told in order, once', () => {
  hidePage(true);
  say(1);
  say(2);
  expect(told).toEqual([]);
  hidePage(false);
  expect(told).toEqual([1, 2]);
  hidePage(true);
  hidePage(false);
  expect(told).toEqual([1, 2]);
});

test('of too many words none is told: all is read again, once', () => {
  hidePage(true);
  for (let word = 0; word <= MOST_KEPT + 10; word++) say(word);
  hidePage(false);
  say(7);
  expect(told).toEqual(['all', 7]);
});

test('a word that comes before the page knows that it is seen keeps its place', () => {
  hidePage(true);
  say(1);
  Object.defineProperty(document, 'hidden', { value: false, configurable: true });
  say(2);
  expect(told).toEqual([1, 2]);
});

test('a connection that comes back meanwhile is read from once the page is seen, and at once where it is', () => {
  hidePage(true);
  say(1);
  words.reopened();
  say(2);
  expect(told).toEqual([]);
  hidePage(false);
  expect(told).toEqual(['all']);
  words.reopened();
  expect(told).toEqual(['all', 'all']);
});
