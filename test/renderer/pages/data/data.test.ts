import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  datasetPictures,
  deleteDataset,
  getDataset,
  listDatasets,
  renameDataset,
} from '../../../../contract/datasets.ts';
import { AppError } from '../../../../contract/errors.ts';
import { listJobs } from '../../../../contract/jobs.ts';
import Data from '../../../../renderer/pages/data/Data.svelte';
import { sigmaWords } from '../../../../renderer/pages/data/sigma.ts';
import { exampleDataset } from '../../support/examples.ts';

const set = exampleDataset({ count: 3781, classCounts: [3000, 781], problemCount: 1 });

beforeEach(() => {
  service.asked.length = 0;
  window.location.hash = '#/data/1';
  service.answer(listDatasets, () => [set]);
  service.answer(listJobs, () => []);
  service.answer(getDataset, () => ({ dataset: set, problems: [{ file: 'broken.png', reason: 'not a picture' }] }));
  service.answer(datasetPictures, ({ label, offset, limit }) => {
    const total = label === null ? 3781 : (set.classCounts[label] ?? 0);
    const pictures = Array.from({ length: Math.min(limit, total - offset) }, (_, i) => ({
      index: (label === 1 ? 3000 : 0) + offset + i,
      label: label ?? 0,
    }));
    return { total, pictures };
  });
  service.open();
});
afterEach(cleanup);

async function inside(): Promise<HTMLElement> {
  render(Data, { id: 1 });
  return screen.findByRole('list', { name: 'Pictures of Twemoji' });
}

test('the list shows each set with its numbers and leads into it', async () => {
  render(Data, { id: null });
  const card = await screen.findByRole('link', { name: /Twemoji/ });
  expect(card.getAttribute('href')).toBe('#/data/1');
  expect(card.textContent).toContain('3,781 pictures');
  expect(card.textContent).toContain('32×32');
  expect(card.querySelector('img')?.getAttribute('src')).toBe('/files/datasets/1/mosaic.png');
});

test('of 3,781 pictures only some hundred exist as elements', async () => {
  const grid = await inside();
  await waitFor(() => expect(within(grid).getAllByRole('button').length).toBeGreaterThan(20));
  expect(within(grid).getAllByRole('button').length).toBeLessThan(400);
  expect(within(grid).getAllByRole('listitem')[0]?.getAttribute('aria-setsize')).toBe('3781');
});

test('choosing a class asks for that class alone, a second press for all again', async () => {
  await inside();
  const flags = screen.getByRole('button', { name: /Flags/ });
  await fireEvent.click(flags);
  await screen.findByText(/781 pictures of Flags/);
  expect(service.inputsOf(datasetPictures).at(-1)).toMatchObject({ label: 1, offset: 0 });
  const grid = screen.getByRole('list', { name: 'Pictures of Twemoji' });
  await waitFor(() =>
    expect(grid.querySelector('img')?.getAttribute('src')).toBe('/files/datasets/1/pictures/3000.png'),
  );
  await fireEvent.click(flags);
  await screen.findByText('3,781 pictures');
});

test('a picture opens large, and arrow keys go on from it', async () => {
  const grid = await inside();
  await waitFor(() => expect(within(grid).getAllByRole('button').length).toBeGreaterThan(1));
  await fireEvent.click(within(grid).getAllByRole('button')[1]!);
  const dialog = screen.getByRole('dialog');
  expect(within(dialog).getByRole('img').getAttribute('src')).toBe('/files/datasets/1/pictures/1.png');
  await fireEvent.keyDown(window, { key: 'ArrowRight' });
  expect(within(dialog).getByRole('img').getAttribute('alt')).toBe('Picture 2, Faces');
  await fireEvent.keyDown(window, { key: 'Home' });
  expect(within(dialog).getByText('1 of 3781')).toBeTruthy();
});

test('arrow keys move the one item in the tab order', async () => {
  const grid = await inside();
  await waitFor(() => expect(within(grid).getAllByRole('button').length).toBeGreaterThan(20));
  const items = within(grid).getAllByRole('button');
  items[0]!.focus();
  await fireEvent.keyDown(items[0]!, { key: 'ArrowRight' });
  await waitFor(() => expect(document.activeElement).toBe(items[1]));
  expect(items.filter((item) => item.tabIndex === 0)).toEqual([items[1]]);
});

test('files that were left out are listed with their reason', async () => {
  await inside();
  const row = (await screen.findByText('broken.png')).closest('li');
  expect(row?.textContent).toContain('not a picture');
});

test('a new name is sent, Esc sends nothing', async () => {
  service.answer(renameDataset, () => ({}));
  await inside();
  await fireEvent.click(screen.getByRole('button', { name: /Twemoji/ }));
  const input = screen.getByRole('textbox', { name: 'Name of the picture set' });
  await fireEvent.input(input, { target: { value: 'Other' } });
  await fireEvent.keyDown(input, { key: 'Escape' });
  await fireEvent.click(screen.getByRole('button', { name: /Twemoji/ }));
  const again = screen.getByRole('textbox', { name: 'Name of the picture set' });
  await fireEvent.input(again, { target: { value: ' Emoji ' } });
  await fireEvent.keyDown(again, { key: 'Enter' });
  await waitFor(() => expect(service.inputsOf(renameDataset)).toEqual([{ id: 1, name: 'Emoji' }]));
});

test('a set in use is not deleted, and the page says which run uses it', async () => {
  service.answer(deleteDataset, () => {
    throw new AppError('conflict', 'The run “demo” uses these pictures. Delete the run first.');
  });
  await inside();
  await fireEvent.click(screen.getByRole('button', { name: 'Delete this set' }));
  await fireEvent.click(screen.getByRole('button', { name: 'Delete the set' }));
  expect(await screen.findByText(/The run “demo” uses these pictures/)).toBeTruthy();
  expect(screen.queryByRole('dialog')).toBeNull();
  expect(window.location.hash).toBe('#/data/1');
});

test('the deviation of the pixels is compared with sigma_data', () => {
  expect(sigmaWords(0.52)).toMatch(/nothing to change/);
  expect(sigmaWords(0.9)).toMatch(/more than the σ_data of 0.5 .* σ_data to 0.9/);
  expect(sigmaWords(0.2)).toMatch(/less than/);
  expect(sigmaWords(0)).toMatch(/flat colour/);
});
