import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, expect, test } from 'vitest';
import EditableTitle from '../../../renderer/lib/components/EditableTitle.svelte';
import TextField from '../../../renderer/lib/components/TextField.svelte';

afterEach(cleanup);

test('a field in which no more can be typed says why', async () => {
  render(TextField, { label: 'Name', value: 'abcd', maxlength: 5 });
  expect(screen.queryByText(/are the most/)).toBeNull();
  await fireEvent.input(screen.getByLabelText('Name'), { target: { value: 'abcde' } });
  expect(screen.getByText('5 letters are the most.')).toBeTruthy();
});

test('so does a title that is changed', async () => {
  render(EditableTitle, { value: 'n'.repeat(99), label: 'Name of the run', onsave: () => Promise.resolve(true) });
  await fireEvent.click(screen.getByRole('button'));
  expect(screen.queryByText(/are the most/)).toBeNull();
  await fireEvent.input(screen.getByLabelText('Name of the run'), { target: { value: 'n'.repeat(100) } });
  expect(screen.getByText('100 letters are the most.')).toBeTruthy();
});
