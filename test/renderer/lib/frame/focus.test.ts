import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { focusPage, keepFocus } from '../../../../renderer/lib/frame/focus.ts';

/** Where the focus goes when what had it goes away. */

let stop: () => void;
beforeEach(() => {
  document.body.innerHTML = `
    <nav><a href="#runs" id="runs">Runs</a></nav>
    <div class="slot">
      <header><h1>emoji</h1><div id="actions"><button id="pause">Pause</button><button id="more">More</button></div></header>
      <main id="main" tabindex="-1"><ul id="list"><li><button id="first">first</button></li><li><button id="second">second</button></li></ul></main>
    </div>`;
  stop = keepFocus();
});
afterEach(() => stop());

const at = (id: string): HTMLElement => document.getElementById(id)!;
const isAt = (element: Element | null) => vi.waitFor(() => expect(document.activeElement).toBe(element));

test('a button that another replaces hands it on', async () => {
  at('pause').focus();
  const resume = document.createElement('button');
  at('pause').replaceWith(resume);
  await isAt(resume);
});

test('a row that is deleted hands it to one that is left, and the last one to the page’s heading', async () => {
  at('first').focus();
  at('first').parentElement!.remove();
  await isAt(at('second'));
  at('second').parentElement!.remove();
  await isAt(document.querySelector('h1'));
});

test('a page that goes away hands it to the heading of the next, which may come later', async () => {
  at('second').focus();
  document.querySelector('.slot')!.innerHTML = '';
  await new Promise((resolve) => setTimeout(resolve));
  document.querySelector('.slot')!.innerHTML = '<header><h1>next</h1></header><main id="main"></main>';
  focusPage();
  await isAt(document.querySelector('h1'));
  expect(document.activeElement?.textContent).toBe('next');
});

test('who clicks beside everything has no focus to be moved', async () => {
  at('first').focus();
  at('first').blur();
  document.querySelector('h1')!.dispatchEvent(new Event('pointerdown', { bubbles: true }));
  at('first').parentElement!.remove();
  await new Promise((resolve) => setTimeout(resolve));
  expect(document.activeElement).toBe(document.body);
});
