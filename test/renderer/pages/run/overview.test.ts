import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { DynamicsTable } from '../../../../contract/dynamics-table.ts';
import { runFindings } from '../../../../contract/findings.ts';
import type { Run } from '../../../../contract/runs.ts';
import { tickColumns, type Tick } from '../../../../contract/ticks.ts';
import { validationRows } from '../../../../contract/validation.ts';
import { Crosshair } from '../../../../renderer/lib/charts/crosshair.svelte.ts';
import { chartTaste } from '../../../../renderer/lib/run/chart-taste.svelte.ts';
import type { Clock } from '../../../../renderer/lib/run/clock.svelte.ts';
import type { RunData } from '../../../../renderer/lib/run/run-data.svelte.ts';
import { validationCurves } from '../../../../renderer/lib/run/validation-curves.ts';
import OverviewTab from '../../../../renderer/pages/run/OverviewTab.svelte';
import { exampleTick } from '../../../support/ticks.ts';
import { exampleRun } from '../../support/examples.ts';

beforeAll(() => {
  service.answer(runFindings, () => []);
  service.open();
});
afterEach(() => {
  cleanup();
  chartTaste.logY = false;
});

function show(ticks: readonly Tick[], run: Partial<Run> = {}, magnitudes: Partial<RunData['magnitudes']> = {}): void {
  const watch = (): (() => void) => () => undefined;
  const data = { ticks: tickColumns(ticks), samples: [], loaded: true, magnitudes, watch } as unknown as RunData;
  const clock = { place: null, now: 0 } as unknown as Clock;
  render(OverviewTab, { data, run: { ...exampleRun(), ...run }, clock, crosshair: new Crosshair() });
}

const ticks = [100, 200].map((nimg) => exampleTick(nimg, { loss: -0.5, weightedError: 0.25 }));

test('on a logarithmic axis the error without the learned weight takes the place of a loss that may be negative', async () => {
  show(ticks);
  expect(screen.getByRole('heading', { name: 'Loss' })).toBeTruthy();
  const axes = within(screen.getByRole('group', { name: 'Logarithmic axes' }));
  await fireEvent.click(axes.getByRole('button', { name: 'y' }));
  expect(await screen.findByRole('heading', { name: 'Weighted error' })).toBeTruthy();
  expect(screen.queryByRole('heading', { name: 'Loss' })).toBeNull();
});

test('of an earlier version, which did not record that error, the loss stays', () => {
  chartTaste.logY = true;
  show(ticks.map((tick) => ({ ...tick, weightedError: null })));
  expect(screen.getByRole('heading', { name: 'Loss' })).toBeTruthy();
});

test.each([
  ['queued', 'It waits for its turn.'],
  ['running', /TensorFlow is being loaded.*The first numbers come after/],
  ['paused', /not trained long enough to have numbers/],
] as const)('a run that is %s and has no numbers yet says so in the place of empty axes', (state, words) => {
  show([], { state });
  expect(screen.getByText(words)).toBeTruthy();
  expect(screen.queryByRole('heading', { name: 'Speed' })).toBeNull();
});

test('its head says configuration, precision, learning rate and batch', () => {
  show(ticks);
  const { training } = exampleRun().config;
  const facts = document.querySelector('.facts')!.textContent.replaceAll(/\s+/g, ' ');
  expect(facts).toContain('Configuration G');
  expect(facts).toContain(`${training.precision} learning rate ${training.learningRate} batch ${training.batchSize}`);
});

const validating = (validationImages: number): Partial<Run> => {
  const { config } = exampleRun();
  return { config: { ...config, logging: { ...config.logging, validationImages } }, state: 'running' };
};
const validation = (nimg: number[]): DynamicsTable => {
  const layers = validationRows([0.05, 0.1]).map(({ name }) => name);
  return { kind: 'validation', layers, nimg, values: layers.map((_, row) => nimg.map((at) => row + at)) };
};

test('validation is drawn for each network, on what is held out and on what is trained on', () => {
  show(ticks, validating(4096), { validation: validation([4096, 8192]) });
  expect(screen.getByRole('heading', { name: /Validation error/ })).toBeTruthy();
  const curves = validationCurves(validation([4096]), [0.05, 0.1]);
  expect(curves.map(({ label, token, dash }) => [label, token, dash.length > 0])).toEqual([
    ['raw', '--run-1', false],
    ['σ_rel 0.05', '--run-2', false],
    ['σ_rel 0.1', '--run-3', false],
    ['raw, trained on', '--run-1', true],
    ['σ_rel 0.05, trained on', '--run-2', true],
    ['σ_rel 0.1, trained on', '--run-3', true],
  ]);
});

test('before the first validation the page says when it comes; of a run that does not validate it says nothing', () => {
  const empty = { ...validation([]), layers: [], values: [] };
  show(ticks, validating(4096), { validation: empty });
  expect(document.body.textContent.replaceAll(/\s+/g, ' ')).toContain('Validation comes first after 4.10 kimg');
  cleanup();
  show(ticks, validating(0), { validation: empty });
  expect(document.body.textContent).not.toContain('Validation');
});
