import { cleanup, render, screen } from '@testing-library/svelte';
import type { Component } from 'svelte';
import { afterEach, expect, test } from 'vitest';
import Later from '../../../renderer/pages/Later.svelte';
import Missing from '../../../renderer/pages/Missing.svelte';

afterEach(cleanup);

const load = (): Promise<{ default: Component<{ path: string }> }> => Promise.resolve({ default: Missing });

test('a page comes when its script has come, and stays the same while what it shows changes', async () => {
  const { rerender } = render(Later<{ path: string }>, { load, page: { path: '/one' } });
  const heading = await screen.findByRole('heading', { level: 1 });
  screen.getByText(/\/one/);
  await rerender({ load, page: { path: '/two' } });
  screen.getByText(/\/two/);
  expect(screen.getByRole('heading', { level: 1 })).toBe(heading);
});

test('where the script is gone, as after an update, it is said with what to do', async () => {
  render(Later<{ path: string }>, {
    load: () => Promise.reject(new TypeError('Failed to fetch dynamically imported module')),
    page: { path: '/' },
  });
  await screen.findByText('This page could not be read');
  screen.getByRole('button', { name: 'Load it anew' });
});
