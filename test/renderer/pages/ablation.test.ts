import '../support/no-charts.ts';
import { service } from '../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { expectSpeed } from '../../../contract/app.ts';
import { listDatasets } from '../../../contract/datasets.ts';
import { runDynamics } from '../../../contract/dynamics-table.ts';
import { AppError } from '../../../contract/errors.ts';
import { runChanged } from '../../../contract/events.ts';
import { climb } from '../../../contract/ladder.ts';
import { createRun, getRun, listRuns } from '../../../contract/runs.ts';
import Ablation from '../../../renderer/pages/ablation/Ablation.svelte';
import { toasts } from '../../../renderer/lib/state/toasts.svelte.ts';
import { packDynamics } from '../../support/dynamics.ts';
import { exampleDataset, exampleRun, exampleRunSummary } from '../support/examples.ts';

beforeEach(() => {
  service.asked.length = 0;
  service.answer(listDatasets, () => [exampleDataset()]);
  service.answer(listRuns, () => []);
  service.answer(expectSpeed, () => ({ imagesPerSecond: 100, scaled: false }));
  service.open();
});
afterEach(() => cleanup());

const queue = async (name: string): Promise<void> => {
  await fireEvent.click(await screen.findByRole('button', { name }));
};

test('the form says how many runs there will be and how long they take, and queues them', async () => {
  let id = 0;
  service.answer(createRun, () => ({ runId: ++id, jobId: id }));
  render(Ablation, { name: null });
  const images = await screen.findByRole('textbox', { name: 'Images of each run' });
  await fireEvent.input(images, { target: { value: '1000' } });
  for (const rung of ['A', 'B', 'D', 'E', 'F']) await fireEvent.click(screen.getByRole('checkbox', { name: rung }));
  await fireEvent.input(screen.getByRole('textbox', { name: 'Other settings' }), {
    target: { value: 'lr=0.005,0.01' },
  });
  await waitFor(() => expect(screen.getByText(/About 40 s/)).toBeTruthy()); // 4 runs of 1,000 images, 100 a second
  await queue('Queue 4 runs');
  await waitFor(() => expect(service.inputsOf(createRun)).toHaveLength(4));
  const made = service.inputsOf(createRun) as {
    name: string;
    tags: string[];
    config: { training: { learningRate: number } };
  }[];
  expect(made.map(({ name, config }) => [name, config.training.learningRate])).toEqual([
    ['Twemoji-demo: rung C, lr 0.005', 0.005],
    ['Twemoji-demo: rung C, lr 0.01', 0.01],
    ['Twemoji-demo: rung G, lr 0.005', 0.005],
    ['Twemoji-demo: rung G, lr 0.01', 0.01],
  ]);
  expect(made.every(({ tags }) => tags.join() === 'Twemoji-demo')).toBe(true);
  await waitFor(() => expect(location.hash).toBe('#/ablation/Twemoji-demo'));
});

test('what makes no sense is said in the place of the button', async () => {
  render(Ablation, { name: null });
  const others = await screen.findByRole('textbox', { name: 'Other settings' });
  await fireEvent.input(others, { target: { value: 'learnRate=1' } });
  expect((await screen.findByRole('alert')).textContent).toContain('There is no field “learnRate”');
  expect(screen.queryByRole('button', { name: /Queue/ })).toBeNull();
  await fireEvent.input(others, { target: { value: 'seed=0..99' } });
  expect((await screen.findByRole('alert')).textContent).toContain('This grid has 700 runs; at most 200');
  await fireEvent.input(others, { target: { value: 'network.modelChannels=8' } });
  expect((await screen.findByRole('alert')).textContent).toContain('set channelsPerHead to 16 or less');
  const before = location.hash;
  await fireEvent.submit(document.querySelector('form')!);
  expect([service.inputsOf(createRun), location.hash]).toEqual([[], before]);
});

test('where a run is refused, those before it are told', async () => {
  let made = 0;
  service.answer(createRun, () => {
    if (made === 2) throw new AppError('out-of-memory', 'It does not fit.');
    made += 1;
    return { runId: made, jobId: made };
  });
  render(Ablation, { name: null });
  await queue('Queue 7 runs');
  await waitFor(() =>
    expect(toasts.list.at(-1)?.text).toBe('2 of 7 runs are queued. The next is refused: It does not fit.'),
  );
  expect(service.inputsOf(createRun)).toHaveLength(3);
});

const summary = (id: number, nimg: number): ReturnType<typeof exampleRunSummary> =>
  exampleRunSummary({ id, name: `steps: run ${id}`, tags: ['steps'], state: 'running', nimg, durationImages: 1000 });

test('the board has a row for each setting and fills while its runs train', async () => {
  const configs = { 1: climb(exampleRun().config, 'C'), 2: climb(exampleRun().config, 'G') };
  service.answer(getRun, ({ id }) => ({ ...exampleRun(), ...summary(id, 500), config: configs[id as 1 | 2] }));
  const saved: Blob[] = [];
  vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: (blob: Blob) => saved.push(blob) }));
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => undefined);
  let last = 0.5;
  service.answer(runDynamics, ({ id, kind }) =>
    packDynamics(
      kind === 'validation'
        ? { kind, layers: ['σ_rel 0.1: held out'], nimg: [500], values: [[last * id]] }
        : { kind, layers: ['unet.a'], nimg: [100, 500], values: [[1, kind === 'weight' ? 1 : 4]] },
    ),
  );
  for (const id of [1, 2]) service.emit(runChanged, summary(id, 500));
  render(Ablation, { name: 'steps' });
  const row = (name: string): string[] =>
    within(screen.getByRole('rowheader', { name }).closest('tr')!)
      .getAllByRole('cell')
      .map((cell) => cell.textContent.trim());
  await waitFor(() => expect(row('C')[1]).toBe('0.500'));
  expect(row('C').slice(2, 4)).toEqual(['×1.00', '×4.00']);
  expect(row('G')[1]).toBe('1.00');
  expect(screen.getByRole('img', { name: 'Activations of G: 1.00 to 4.00' })).toBeTruthy();
  expect(screen.getByRole('link', { name: 'Compare their curves' }).getAttribute('href')).toBe(
    '#/compare?runs=1,2&panel=validation&panel=activation-max&panel=weight-max&panel=loss',
  );
  await fireEvent.click(screen.getByRole('button', { name: 'Save as CSV' }));
  const [head, first] = (await saved[0]!.text()).split('\r\n');
  expect(head).toMatch(/^setting,runs,validation at training images,validation error,validation error: deviation,/);
  expect(first).toMatch(/^C,steps: run 1,500,0\.5,,1,,4,,[\d.]*,$/);
  last = 0.25;
  service.emit(runChanged, summary(1, 1000));
  await waitFor(() => expect(row('C')[1]).toBe('0.250'), { timeout: 6000 });
}, 15_000);

test('a name that no run has as its tag says so', async () => {
  render(Ablation, { name: 'gone' });
  expect(await screen.findByText('No run has the tag “gone”')).toBeTruthy();
});
