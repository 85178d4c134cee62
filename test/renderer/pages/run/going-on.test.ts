import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { appInfo } from '../../../../contract/app.ts';
import { jobChanged } from '../../../../contract/events.ts';
import { getRun, resumeRun } from '../../../../contract/runs.ts';
import { findTuning, type TuningResult } from '../../../../contract/tuning.ts';
import { exampleInfo, exampleJob } from '../../support/examples.ts';

import { run, show, useRunPage } from '../../support/run-page.ts';

useRunPage();

test("a paused run goes on in micro-batches of one's choice, and each says what it takes", async () => {
  const paused = { ...run, state: 'paused' as const, nimg: 256 };
  service.answer(getRun, () => paused);
  service.answer(resumeRun, () => ({ jobId: 2 }));
  show('overview');
  await fireEvent.keyDown(await screen.findByRole('button', { name: 'More actions' }), { key: 'Enter' });
  await fireEvent.click(await screen.findByRole('menuitem', { name: 'Resume in other micro-batches…' }));
  const select = await screen.findByLabelText<HTMLSelectElement>('Images at once');
  const labels = [...select.options].map(({ text }) => text);
  expect(labels[0]).toMatch(/^32, the whole batch: about [\d.]+ [MG]B$/);
  expect(labels.map((label) => parseInt(label, 10))).toEqual([32, 16, 8, 4, 2, 1]);
  await fireEvent.change(select, { target: { value: select.options[2]!.value } });
  const buttons = await screen.findAllByRole('button', { name: 'Resume' });
  await fireEvent.click(buttons.at(-1)!);
  await waitFor(() => expect(service.inputsOf(resumeRun)).toEqual([{ id: 7, engine: 'graph', microBatch: 8 }]));
});

test('a run that ran out of memory offers to choose a micro-batch, one that failed otherwise does not', async () => {
  service.answer(getRun, () => ({ ...run, state: 'failed' as const, error: 'The device ran out of memory.' }));
  show('overview');
  await screen.findByText('The device ran out of memory.');
  const job = exampleJob({ id: 50, kind: 'train', runId: 7, state: 'failed', progress: null });
  service.emit(jobChanged, { ...job, errorCode: 'not-finite' });
  expect(screen.queryByRole('button', { name: 'Choose a micro-batch…' })).toBeNull();
  service.emit(jobChanged, { ...job, errorCode: 'out-of-memory' });
  await fireEvent.click(await screen.findByRole('button', { name: 'Choose a micro-batch…' }));
  expect(await screen.findByLabelText('Images at once')).toBeTruthy();
  // It is tried again, and ends for another reason.
  service.emit(jobChanged, { ...job, id: 51, errorCode: 'interrupted' });
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Choose a micro-batch…' })).toBeNull());
});

test('one that ran out of memory goes on by one press with the fastest smaller micro-batch that was measured here', async () => {
  service.answer(getRun, () => ({ ...run, state: 'failed' as const, error: 'The device ran out of memory.' }));
  const { precision } = run.config.training;
  const result = (microBatch: number, imagesPerSecond: number): TuningResult => ({
    choice: { precision, microBatch, threads: 2, compile: 'none', deterministic: false },
    measured: { imagesPerSecond, firstStepSeconds: 3, hostBytes: 1e9, deviceBytes: null },
    problem: null,
  });
  service.answer(findTuning, ({ subject }) => ({
    ...{ id: 1, device: 'a card', driver: null, tensorflow: '2.21.0', subject: subject },
    ...{ results: [result(32, 9), result(4, 5), result(8, 7)], complete: true, createdAt: 0 },
  }));
  show('overview');
  const job = exampleJob({ id: 52, kind: 'train', runId: 7, state: 'failed', progress: null });
  service.emit(jobChanged, { ...job, errorCode: 'out-of-memory' });
  await fireEvent.click(await screen.findByRole('button', { name: 'Resume with micro-batch 8, as measured here' }));
  await waitFor(() => expect(service.inputsOf(resumeRun)).toEqual([{ id: 7, engine: 'graph', microBatch: 8 }]));
  service.answer(findTuning, () => null);
  service.emit(jobChanged, { ...job, id: 53, errorCode: 'interrupted' });
});

test('a paused run goes on on other devices: parts of the processor, of which each has its share of the batch', async () => {
  service.answer(getRun, () => ({ ...run, state: 'paused' as const, nimg: 256 }));
  service.answer(appInfo, () => exampleInfo());
  show('overview');
  await fireEvent.keyDown(await screen.findByRole('button', { name: 'More actions' }), { key: 'Enter' });
  await fireEvent.click(await screen.findByRole('menuitem', { name: 'Resume on other devices…' }));
  const select = await screen.findByLabelText<HTMLSelectElement>('Processor');
  expect([...select.options].map(({ text }) => text)).toEqual([
    'As a whole',
    'In 2 parts, 16 images of each batch a part',
    'In 4 parts, 8 images of each batch a part',
    'In 8 parts, 4 images of each batch a part',
  ]);
  await fireEvent.change(select, { target: { value: select.options[1]!.value } });
  await fireEvent.click((await screen.findAllByRole('button', { name: 'Resume' })).at(-1)!);
  await waitFor(() =>
    expect(service.inputsOf(resumeRun)).toEqual([
      { id: 7, engine: 'graph', devices: ['cpu:0', 'cpu:1'], across: null },
    ]),
  );
});

test('a run on cards where jobs use the processor begins anew with the choice, and its micro-batches are of a share', async () => {
  service.answer(getRun, () => ({ ...run, state: 'paused' as const, nimg: 256, devices: ['gpu:0', 'gpu:1'] }));
  service.answer(appInfo, () => exampleInfo());
  show('overview');
  await fireEvent.keyDown(await screen.findByRole('button', { name: 'More actions' }), { key: 'Enter' });
  await fireEvent.click(await screen.findByRole('menuitem', { name: 'Resume on other devices…' }));
  const select = await screen.findByLabelText<HTMLSelectElement>('Processor');
  expect(select.selectedOptions[0]!.text).toBe('As a whole');
  await fireEvent.click((await screen.findAllByRole('button', { name: 'Resume' })).at(-1)!);
  await waitFor(() =>
    expect(service.inputsOf(resumeRun)).toEqual([{ id: 7, engine: 'graph', devices: null, across: null }]),
  );
  await fireEvent.keyDown(screen.getByRole('button', { name: 'More actions' }), { key: 'Enter' });
  await fireEvent.click(await screen.findByRole('menuitem', { name: 'Resume in other micro-batches…' }));
  const sizes = await screen.findByLabelText<HTMLSelectElement>('Images at once');
  expect(sizes.options[0]!.text).toMatch(/^16, all that a device has of a batch: about/);
});

test('a machine that is gone for good can be taken out of a run, even if nobody knows it any more', async () => {
  const across = { listen: 'here:7900', stepSeconds: 5, goOnWithout: true };
  const devices = ['cpu:0', 'gone:7900/cpu:0'];
  service.answer(getRun, () => ({ ...run, state: 'paused' as const, nimg: 256, devices, across }));
  service.answer(appInfo, () => exampleInfo());
  show('overview');
  await fireEvent.keyDown(await screen.findByRole('button', { name: 'More actions' }), { key: 'Enter' });
  await fireEvent.click(await screen.findByRole('menuitem', { name: 'Resume on other devices…' }));
  const gone = await screen.findByRole('checkbox', { name: 'gone:7900/cpu:0 not on offer now' });
  expect(screen.getByLabelText<HTMLInputElement>('Address of this machine').value).toBe('here:7900');
  const withoutIt = screen.getByRole<HTMLInputElement>('switch', { name: 'Go on without a machine that is lost' });
  expect(withoutIt.checked).toBe(true);
  await fireEvent.click(gone);
  await fireEvent.click((await screen.findAllByRole('button', { name: 'Resume' })).at(-1)!);
  await waitFor(() =>
    expect(service.inputsOf(resumeRun)).toEqual([{ id: 7, engine: 'graph', devices: null, across: null }]),
  );
});

test('a micro-batch that is the whole batch is chosen as that', async () => {
  service.answer(getRun, () => ({ ...run, state: 'paused' as const, microBatch: 32 }));
  show('overview');
  await fireEvent.keyDown(await screen.findByRole('button', { name: 'More actions' }), { key: 'Enter' });
  await fireEvent.click(await screen.findByRole('menuitem', { name: 'Resume in other micro-batches…' }));
  const select = await screen.findByLabelText<HTMLSelectElement>('Images at once');
  expect(select.selectedOptions[0]!.text).toMatch(/^32, the whole batch/);
});
