import { newIndex } from '../support/fake-window.ts';
import { service } from '../support/fake-service.ts';
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, expect, test } from 'vitest';
import { appInfo } from '../../../contract/app.ts';
import { AppError } from '../../../contract/errors.ts';
import { client } from '../../../renderer/lib/client/index.ts';
import LostIndex from '../../../renderer/pages/LostIndex.svelte';
import { exampleInfo } from '../support/examples.ts';

afterEach(cleanup);

test('a lost index is said in the service’s words, and a new one is begun by a button', async () => {
  service.answer(appInfo, () => {
    throw new AppError('index-lost', 'The index is missing.');
  });
  await expect(client.call(appInfo, {})).rejects.toMatchObject({ code: 'index-lost' });
  expect(client.connection).toBe('index-lost');
  render(LostIndex);
  expect((await screen.findByRole('alert')).textContent).toContain('The index is missing.');

  newIndex.answer = () => ({ ok: false, code: 'forbidden', message: 'It could not be moved.' });
  await expect(client.beginNewIndex()).rejects.toThrow('It could not be moved.');

  service.answer(appInfo, () => exampleInfo());
  newIndex.answer = () => ({ ok: true, value: {} });
  await fireEvent.click(screen.getByRole('button', { name: 'Begin a new index' }));
  await expect.poll(() => client.connection).toBe('open');
});
