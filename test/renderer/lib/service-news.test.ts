import { mainSays } from '../support/fake-window.ts';
import { service } from '../support/fake-service.ts';
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appInfo } from '../../../contract/app.ts';
import { AppError } from '../../../contract/errors.ts';
import { client } from '../../../renderer/lib/client/index.ts';
import ConnectionBar from '../../../renderer/lib/frame/ConnectionBar.svelte';
import { exampleInfo } from '../support/examples.ts';

beforeEach(async () => {
  service.answer(appInfo, () => exampleInfo());
  await client.call(appInfo, {});
  render(ConnectionBar);
});
afterEach(cleanup);

test('the window says that its service died, and once it is back says so until that is dismissed', async () => {
  mainSays('connection', { open: false, why: 'The service ended unexpectedly.' });
  expect(await screen.findByText('The service ended unexpectedly.')).toBeTruthy();
  mainSays('connection', { open: true, why: 'The service ended unexpectedly. It was started again.' });
  expect(await screen.findByText('The service ended unexpectedly. It was started again.')).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
  expect(screen.queryByText(/started again/)).toBeNull();
});

test('the window says why its service is not there, in its newest words', async () => {
  mainSays('connection', { open: false });
  expect(await screen.findByText(/The service does not answer/)).toBeTruthy();
  service.answer(appInfo, () => {
    throw new AppError('unavailable', 'It was tried twice.');
  });
  await expect(client.call(appInfo, {})).rejects.toThrow();
  expect(await screen.findByText('It was tried twice.')).toBeTruthy();
});
