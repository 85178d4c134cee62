import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import Term from '../../../../renderer/lib/words/Term.svelte';
import { terms } from '../../../../renderer/lib/words/terms.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const { sentence } = terms.tick;
const note = (): HTMLElement | null => screen.queryByText(sentence);
const word = (): HTMLElement => screen.getByRole('button', { name: 'Tick' });

/** jsdom has no pointer of its own. */
function pointer(type: 'enter' | 'leave', element: Element, pointerType: string): Promise<boolean> {
  const event = new MouseEvent(`pointer${type}`);
  return fireEvent(element, Object.assign(event, { pointerType }));
}

async function wait(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

test('under a resting mouse it comes after a moment, stays while the pointer is on it, and goes when that has left', async () => {
  render(Term, { of: 'tick' });
  const whole = word().parentElement!;
  await pointer('enter', whole, 'mouse');
  expect(note()).toBeNull();
  await wait(300);
  expect(note()).not.toBeNull();
  await pointer('leave', whole, 'mouse');
  await wait(100);
  await pointer('enter', whole, 'mouse'); // the note is a part of it
  await wait(1000);
  expect(note()).not.toBeNull();
  await pointer('leave', whole, 'mouse');
  await wait(200);
  expect(note()).toBeNull();
});

test('a mouse that only passes opens nothing', async () => {
  render(Term, { of: 'tick' });
  await pointer('enter', word().parentElement!, 'mouse');
  await pointer('leave', word().parentElement!, 'mouse');
  await wait(1000);
  expect(note()).toBeNull();
});

test('a finger opens and closes it by pressing, and closes it by pressing elsewhere', async () => {
  render(Term, { of: 'tick' });
  await pointer('enter', word().parentElement!, 'touch');
  await wait(1000);
  expect(note()).toBeNull();
  await fireEvent.click(word(), { detail: 1 });
  expect(note()).not.toBeNull();
  await fireEvent.click(word(), { detail: 1 });
  expect(note()).toBeNull();
  await fireEvent.click(word(), { detail: 1 });
  await fireEvent.pointerDown(document.body);
  expect(note()).toBeNull();
});

test('a press keeps what pointing has opened', async () => {
  render(Term, { of: 'tick' });
  const whole = word().parentElement!;
  await pointer('enter', whole, 'mouse');
  await wait(300);
  await fireEvent.click(word(), { detail: 1 });
  await pointer('leave', whole, 'mouse');
  await wait(1000);
  expect(note()).not.toBeNull();
});

test('with the focus it opens; its link is the next to have it; it goes with the focus', async () => {
  render(Term, { of: 'tick' });
  word().focus();
  await wait(0);
  expect(word().getAttribute('aria-expanded')).toBe('true');
  expect(document.getElementById(word().getAttribute('aria-describedby')!)?.textContent).toBe(sentence);
  const link = screen.getByRole('link', { name: 'More about it' });
  expect(link.getAttribute('href')).toBe('#/words?at=tick');
  expect(word().compareDocumentPosition(link) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
  link.focus();
  await wait(0);
  expect(note()).not.toBeNull();
  link.blur();
  await wait(0);
  expect(note()).toBeNull();
  expect(word().getAttribute('aria-expanded')).toBe('false');
  expect(word().hasAttribute('aria-describedby')).toBe(false);
});

test('Enter closes and opens what the focus has opened', async () => {
  render(Term, { of: 'tick' });
  word().focus();
  await wait(0);
  await fireEvent.click(word(), { detail: 0 });
  expect(note()).toBeNull();
  await fireEvent.click(word(), { detail: 0 });
  expect(note()).not.toBeNull();
});

test('Esc closes it wherever the focus is, and nothing behind it', async () => {
  render(Term, { of: 'tick' });
  const behind = vi.fn();
  document.addEventListener('keydown', behind);
  await pointer('enter', word().parentElement!, 'mouse');
  await wait(300);
  await fireEvent.keyDown(document.body, { key: 'Escape' });
  expect(note()).toBeNull();
  expect(behind).not.toHaveBeenCalled();
  await fireEvent.keyDown(document.body, { key: 'Escape' });
  expect(behind).toHaveBeenCalledOnce();
  document.removeEventListener('keydown', behind);
});

test('Esc on its link gives the focus back to the word', async () => {
  render(Term, { of: 'tick' });
  await fireEvent.click(word(), { detail: 1 });
  const link = screen.getByRole('link');
  link.focus();
  await fireEvent.keyDown(link, { key: 'Escape' });
  expect(note()).toBeNull();
  expect(document.activeElement).toBe(word());
});

test('one note is open at a time', async () => {
  render(Term, { of: 'tick' });
  render(Term, { of: 'profile' });
  await fireEvent.click(word(), { detail: 1 });
  await fireEvent.click(screen.getByRole('button', { name: 'Profile' }), { detail: 1 });
  expect(note()).toBeNull();
  expect(screen.getByText(terms.profile.sentence)).toBeTruthy();
});
