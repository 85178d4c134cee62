import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { runRewound } from '../../../../contract/events.ts';
import { runFindings, type Finding } from '../../../../contract/findings.ts';
import type { Clock } from '../../../../renderer/lib/run/clock.svelte.ts';
import { dynamicsTaste } from '../../../../renderer/lib/run/dynamics-taste.svelte.ts';
import FindingList from '../../../../renderer/lib/run/FindingList.svelte';
import RunFindings from '../../../../renderer/lib/run/RunFindings.svelte';

const grown: Finding = {
  rule: 'weights-grow',
  tone: 'warn',
  text: 'Weights grow: 2 of 3 layers.',
  reason: 'A layer stays at 1.5 times what it was.',
  kind: 'weight',
  row: 'unet.enc.a',
  nimg: 8000,
};
const spike: Finding = {
  rule: 'loss-spikes',
  tone: 'warn',
  text: 'The loss has a spike at 20.1 kimg.',
  reason: 'A tick lies far above those before it.',
  kind: null,
  row: null,
  nimg: 20_100,
};

beforeAll(() => service.open());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

/** @returns what stands in for the clock's `set` */
function show(findings: Finding[]): ReturnType<typeof vi.fn> {
  service.answer(runFindings, () => findings);
  const set = vi.fn();
  const clock = { set } as unknown as Clock;
  render(RunFindings, { runId: 7, clock });
  return set;
}

test('findings are told with their rules and lead to where they are seen', async () => {
  const set = show([spike, grown]);
  expect(await screen.findByText(/Weights grow: 2 of 3 layers/)).toBeTruthy();
  expect(screen.getAllByRole('img', { name: 'Worth a look' })).toHaveLength(2);
  expect(screen.getByText(grown.reason)).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Go to it' }));
  expect(set).toHaveBeenLastCalledWith(20_100);
  expect(screen.getByRole('link', { name: 'Show' }).getAttribute('href')).toBe('#/runs/7/dynamics');
  await fireEvent.click(screen.getByRole('link', { name: 'Show' }));
  expect(set).toHaveBeenLastCalledWith(8000);
  expect(dynamicsTaste.wanted).toBe('weight');
});

test('a finding on noise levels leads to their tab', async () => {
  show([{ ...grown, rule: 'noise-weight', kind: 'noise-u', row: '0.499', nimg: null }]);
  const link = await screen.findByRole('link', { name: 'Show' });
  expect(link.getAttribute('href')).toBe('#/runs/7/noise');
});

test('beside others a list says whose findings they are', async () => {
  const clock = { set: vi.fn() } as unknown as Clock;
  render(FindingList, { runId: 7, of: 'emoji', findings: [spike], clock });
  expect(await screen.findByRole('region', { name: 'Findings of emoji' })).toBeTruthy();
});

test('of a run of which nothing is found nothing is shown', async () => {
  show([]);
  await vi.waitFor(() => expect(service.inputsOf(runFindings).at(-1)).toEqual({ id: 7 }));
  expect(screen.queryByRole('heading', { name: 'Findings' })).toBeNull();
});

test('they are asked for again after news of the run, once for many', async () => {
  show([spike]);
  await screen.findByText(/has a spike/);
  const asked = service.inputsOf(runFindings).length;
  vi.useFakeTimers();
  service.answer(runFindings, () => [grown]);
  for (let news = 0; news < 3; news++) service.emit(runRewound, { runId: 7, nimg: 10 });
  service.emit(runRewound, { runId: 8, nimg: 10 });
  await vi.advanceTimersByTimeAsync(11_000);
  vi.useRealTimers();
  expect(await screen.findByText(/Weights grow/)).toBeTruthy();
  expect(service.inputsOf(runFindings)).toHaveLength(asked + 1);
});
