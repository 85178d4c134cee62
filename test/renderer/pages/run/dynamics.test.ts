import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { beforeEach, expect, test } from 'vitest';
import { packDynamics } from '../../../support/dynamics.ts';
import { runDynamics } from '../../../../contract/dynamics-table.ts';

import { dynamicsTaste } from '../../../../renderer/lib/run/dynamics-taste.svelte.ts';
import { show, useRunPage } from '../../support/run-page.ts';

useRunPage();
beforeEach(() => {
  localStorage.clear();
  for (const kind of ['weight', 'relative-update'] as const) dynamicsTaste.hide(kind);
});

test('the dynamics say in words which layers are smallest and largest, and show them as a table', async () => {
  show('dynamics');
  const sentence = 'At 512 images: 0.900 (enc.32x32_conv) to 0.900 (enc.32x32_conv) over 2 blocks; 1 not finite.';
  expect(await screen.findByText(sentence)).toBeTruthy();
  await fireEvent.click(screen.getByLabelText('Table'));
  expect(await screen.findByRole('row', { name: /dec\.32x32_block0 1\.10 – 1\.10 1\.10/ })).toBeTruthy();
  await fireEvent.click(screen.getByLabelText('Pin dec.32x32_block0'));
  expect(screen.getByText('Pinned: activations')).toBeTruthy();
});

test('the heat map has a name and a description, is read once, and says what is pinned and unpinned', async () => {
  show('dynamics');
  const map = await screen.findByRole('application', { name: 'Activation magnitudes' });
  const described = (map.getAttribute('aria-describedby') ?? '').split(' ').map((id) => document.getElementById(id));
  const [summary, keys] = described.map((element) => element?.textContent ?? '');
  expect(summary).toMatch(/^At 512 images: /);
  expect(keys).toBe('Up and down choose a layer, Enter pins it.');
  expect(document.body.textContent.split(summary!)).toHaveLength(2); // once
  const spoken = map.closest('section')!.querySelector('[role=status]')!;
  await fireEvent.keyDown(map, { key: 'ArrowDown' });
  expect(spoken.textContent).toBe('');
  await fireEvent.keyDown(map, { key: 'Enter' });
  await waitFor(() => expect(spoken.textContent).toBe('enc.32x32_conv is pinned'));
  expect(screen.getByText(/, pinned$/).textContent).toBe('at 512 images, pinned');
  await fireEvent.keyDown(map, { key: 'Enter' });
  await waitFor(() => expect(spoken.textContent).toBe('enc.32x32_conv is unpinned'));
  await fireEvent.keyDown(map, { key: 'Enter' });
  await fireEvent.keyDown(map, { key: 'ArrowDown' });
  await fireEvent.keyDown(map, { key: 'Enter' });
  await fireEvent.click(screen.getByRole('button', { name: 'Unpin all' }));
  await waitFor(() => expect(spoken.textContent).toBe('2 layers are unpinned'));
});

test('the clock steps back to an earlier moment and the heat map follows', async () => {
  show('dynamics');
  await screen.findByText(/^At 512 images/);
  // The focus is on the heading when a run was opened from another page.
  await fireEvent.keyDown(screen.getByRole('heading', { level: 1 }), { key: 'ArrowLeft' });
  expect(await screen.findByText(/^At 256 images: 1\.00/)).toBeTruthy();
  await fireEvent.keyDown(document.body, { key: 'End' });
  expect(await screen.findByText(/^At 512 images/)).toBeTruthy();
});

test('a seventh pinned layer asks before the first is unpinned', async () => {
  const layers = Array.from({ length: 8 }, (_, index) => `unet.enc.32x32_block${index}`);
  service.answer(runDynamics, ({ kind }) => packDynamics({ kind, layers, nimg: [256], values: layers.map(() => [1]) }));
  show('dynamics');
  await fireEvent.click(await screen.findByLabelText('Table'));
  await screen.findByLabelText('Pin enc.32x32_block0');
  for (let index = 0; index < 6; index++) await fireEvent.click(screen.getByLabelText(`Pin enc.32x32_block${index}`));
  await fireEvent.click(screen.getByLabelText('Pin enc.32x32_block6'));
  const dialog = await screen.findByRole('dialog', { name: 'Pin “enc.32x32_block6”?' });
  await fireEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
  const isPinned = (index: number) => screen.getByLabelText<HTMLInputElement>(`Pin enc.32x32_block${index}`).checked;
  await waitFor(() => expect([isPinned(0), isPinned(6)]).toEqual([true, false]));
  await fireEvent.click(screen.getByLabelText('Pin enc.32x32_block6'));
  await fireEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Pin' }));
  await waitFor(() => expect([isPinned(0), isPinned(1), isPinned(6)]).toEqual([false, true, true]));
});

test('arrow keys go from layer to layer in the table, and leave the clock alone', async () => {
  show('dynamics');
  await fireEvent.click(await screen.findByLabelText('Table'));
  const first = await screen.findByLabelText('Pin enc.32x32_conv');
  first.focus();
  await fireEvent.keyDown(first, { key: 'ArrowDown' });
  expect(document.activeElement).toBe(screen.getByLabelText('Pin dec.32x32_block0'));
  await fireEvent.keyDown(document.activeElement!, { key: 'Home' });
  expect(document.activeElement).toBe(first);
  expect(await screen.findByText(/^At 512 images: /)).toBeTruthy();
});

test('a filter of the rows leaves the curves of pinned layers as they are', async () => {
  show('dynamics');
  await fireEvent.click(await screen.findByLabelText('Table'));
  await fireEvent.click(await screen.findByLabelText('Pin dec.32x32_block0'));
  await fireEvent.input(screen.getByLabelText('Filter the rows'), { target: { value: 'enc' } });
  expect(screen.queryByLabelText('Pin dec.32x32_block0')).toBeNull();
  expect(screen.getByText(/^Pinned: activations\. .*dec\.32x32_block0/)).toBeTruthy();
});

test('maps stand on one axis: others are added and taken away, and what is chosen is remembered', async () => {
  dynamicsTaste.showUsual();
  show('dynamics');
  const maps = () => screen.getAllByRole('application').map((map) => map.getAttribute('aria-label'));
  await waitFor(() => expect(maps()).toEqual(['Activation magnitudes', 'Weight magnitudes', 'Relative updates']));
  expect(screen.getAllByText('training images')).toHaveLength(1);
  const choice = screen.getByLabelText<HTMLSelectElement>('Add a map');
  const gradient = [...choice.options].find(({ text }) => text === 'Gradients')!;
  choice.selectedIndex = gradient.index;
  await fireEvent.change(choice);
  await waitFor(() => expect(maps()).toContain('Gradients'));
  expect(localStorage.getItem('dynamics-maps')).toBe('activation weight relative-update gradient');
  for (const kind of ['activation', 'weight', 'relative-update', 'gradient'] as const) dynamicsTaste.hide(kind);
  await fireEvent.click(await screen.findByRole('button', { name: 'Show the usual three' }));
  await waitFor(() => expect(maps()).toHaveLength(3));
});

test('a layer that is pinned on one map is pinned on all that have it', async () => {
  dynamicsTaste.showUsual();
  show('dynamics');
  await waitFor(() => expect(screen.getAllByRole('application')).toHaveLength(3));
  const map = screen.getByRole('application', { name: 'Weight magnitudes' });
  await fireEvent.keyDown(map, { key: 'ArrowDown' });
  await fireEvent.keyDown(map, { key: 'Enter' });
  for (const kind of ['activations', 'weights', 'relative updates'])
    expect(screen.getByRole('heading', { name: `Pinned: ${kind}` })).toBeTruthy();
});

test('zooming by keys reads what is seen more closely, on every tab, and "Show all" ends it', async () => {
  service.answer(runDynamics, ({ kind, untilNimg }) => {
    const closer = untilNimg !== null;
    const values = closer ? [[1, 7]] : [[1, 1]];
    const nimg = closer ? [300, 320] : [256, 512];
    const span = closer ? {} : { span: { ticks: [1, 40], low: [[1, 1]], high: [[1, 7]] } };
    return packDynamics({ kind, layers: ['unet.enc.32x32_conv'], nimg, values, ...span });
  });
  const { rerender } = show('dynamics');
  await screen.findByRole('application');
  await fireEvent.keyDown(document.body, { key: '+' });
  await waitFor(() => expect(service.inputsOf(runDynamics).at(-1)).toMatchObject({ afterNimg: 127, untilNimg: 384 }));
  expect(screen.getByText('128 images to 384 images')).toBeTruthy();
  await fireEvent.click(screen.getByLabelText('Table'));
  expect(await screen.findByRole('row', { name: /enc\.32x32_conv 1\.00 1\.00 1\.00 7\.00/ })).toBeTruthy();
  await rerender({ tab: 'overview' });
  await fireEvent.click(screen.getByRole('button', { name: 'Show all' }));
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Show all' })).toBeNull());
});

test('a double click on a map shows all and leaves no pin behind', async () => {
  show('dynamics');
  const map = await screen.findByRole('application');
  await fireEvent.keyDown(document.body, { key: '+' });
  expect(await screen.findByRole('button', { name: 'Show all' })).toBeTruthy();
  await fireEvent.keyDown(map, { key: 'ArrowDown' });
  await fireEvent.click(map, { detail: 1 });
  expect(screen.getByRole('heading', { name: 'Pinned: activations' })).toBeTruthy();
  await fireEvent.click(map, { detail: 2 });
  await fireEvent.dblClick(map);
  expect(screen.queryByRole('heading', { name: 'Pinned: activations' })).toBeNull();
  expect(screen.queryByRole('button', { name: 'Show all' })).toBeNull();
});
