import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { runFindings } from '../../../../contract/findings.ts';
import type { Run } from '../../../../contract/runs.ts';
import { tickColumns, type Tick } from '../../../../contract/ticks.ts';
import { Crosshair } from '../../../../renderer/lib/charts/crosshair.svelte.ts';
import { chartTaste } from '../../../../renderer/lib/run/chart-taste.svelte.ts';
import type { Clock } from '../../../../renderer/lib/run/clock.svelte.ts';
import type { RunData } from '../../../../renderer/lib/run/run-data.svelte.ts';
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

function show(ticks: readonly Tick[], run: Partial<Run> = {}): void {
  const data = { ticks: tickColumns(ticks), samples: [], loaded: true } as unknown as RunData;
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
