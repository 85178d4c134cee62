import '../support/fake-service.ts';
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { createRawSnippet } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { router } from '../../../renderer/lib/router.svelte.ts';
import Dialog from '../../../renderer/lib/components/Dialog.svelte';

/** Dialogs: where the focus goes, and what closes them. */

const html = (text: string) => createRawSnippet(() => ({ render: () => `<div>${text}</div>` }));
const steps = () => new Promise((resolve) => window.addEventListener('popstate', resolve, { once: true }));
const isOpen = () => screen.queryByRole('dialog') !== null;

beforeEach(() => {
  router.go({ page: 'settings' });
});
afterEach(cleanup);

test('the focus is on the first field, not on the button that closes', () => {
  render(Dialog, { open: true, title: 'Ask', children: html('<a href="#">more</a><input aria-label="Name">') });
  expect(document.activeElement).toBe(screen.getByLabelText('Name'));
});

test('without a field it is on the first button of the foot', () => {
  render(Dialog, {
    ...{ open: true, title: 'Ask', children: html('Sure?') },
    footer: createRawSnippet(() => ({ render: () => '<button>Cancel</button>' })),
  });
  expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Cancel' }));
});

test('nothing outside hears Esc, so that a tooltip does not take it', async () => {
  const heard = vi.fn();
  document.addEventListener('keydown', heard);
  render(Dialog, { open: true, title: 'Ask', children: html('<input aria-label="Name">') });
  await fireEvent.keyDown(screen.getByLabelText('Name'), { key: 'Escape' });
  await fireEvent.keyDown(screen.getByLabelText('Name'), { key: 'a' });
  document.removeEventListener('keydown', heard);
  expect(heard.mock.calls.map(([event]) => (event as KeyboardEvent).key)).toEqual(['a']);
});

test('the back button closes it, and the page stays', async () => {
  render(Dialog, { open: true, title: 'Ask', children: html('Sure?') });
  expect(isOpen()).toBe(true);
  window.history.back();
  await steps();
  await vi.waitFor(() => expect(isOpen()).toBe(false));
  expect(router.route).toEqual({ page: 'settings' });
  expect(window.location.hash).toBe('#/settings');
});

test('closed otherwise it leaves no step behind: back leads to the page before', async () => {
  router.go({ page: 'about' });
  const back = steps();
  render(Dialog, { open: true, title: 'Ask', children: html('Sure?') });
  await fireEvent.click(screen.getByRole('button', { name: 'Close' }));
  await back;
  expect(window.location.hash).toBe('#/about');
  const before = new Promise((resolve) => window.addEventListener('hashchange', resolve, { once: true }));
  window.history.back();
  await before;
  expect(router.route).toEqual({ page: 'settings' });
});

test('a page that is gone to from a dialog takes the place of its step', async () => {
  const { rerender } = render(Dialog, { open: true, title: 'Ask', children: html('Sure?') });
  const before = window.history.length;
  router.go({ page: 'about' });
  await rerender({ open: false });
  expect(window.history.length).toBe(before);
  expect(window.location.hash).toBe('#/about');
  const back = new Promise((resolve) => window.addEventListener('hashchange', resolve, { once: true }));
  window.history.back();
  await back;
  expect(router.route).toEqual({ page: 'settings' });
});

test('a page that is gone to right after a dialog has closed is a step of its own', async () => {
  const { rerender } = render(Dialog, { open: true, title: 'Ask', children: html('Sure?') });
  await rerender({ open: false });
  router.go({ page: 'about' });
  await vi.waitFor(() => expect(window.location.hash).toBe('#/about'));
  const back = new Promise((resolve) => window.addEventListener('hashchange', resolve, { once: true }));
  window.history.back();
  await back;
  expect(router.route).toEqual({ page: 'settings' });
});

test('going forward to a dialog that has closed opens nothing, and the history goes on as before', async () => {
  const { rerender } = render(Dialog, { open: true, title: 'Ask', children: html('Sure?') });
  window.history.back();
  await steps();
  window.history.forward();
  await steps();
  expect(isOpen()).toBe(false);
  await rerender({ open: false });
  await rerender({ open: true });
  expect(isOpen()).toBe(true);
  const back = steps();
  await fireEvent.click(screen.getByRole('button', { name: 'Close' }));
  await back;
  router.go({ page: 'about' });
  await vi.waitFor(() => expect(window.location.hash).toBe('#/about'));
});
