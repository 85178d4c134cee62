import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { beforeEach, expect, test } from 'vitest';
import type { DynamicsKind } from '../../../../contract/dynamics.ts';
import { runDynamics } from '../../../../contract/dynamics-table.ts';
import { runNoiseAdvice, type NoiseAdvice } from '../../../../contract/noise-advice.ts';
import { sigmaBinNames } from '../../../../contract/noise-levels.ts';
import { packDynamics } from '../../../support/dynamics.ts';
import { show, useRunPage } from '../../support/run-page.ts';

useRunPage();

const advice: NoiseAdvice = {
  verdict: 'move',
  text: 'A new run would do well with finer noise: P_mean -0.5 and P_std 1.1 in place of P_mean 1.5 and P_std 1.6.',
  reason: 'The error has fallen furthest at σ 0.499.',
  current: { pMean: 1.5, pStd: 1.6 },
  proposed: { pMean: -0.5, pStd: 1.1 },
  fallen: sigmaBinNames.map((name) => ({ sigma: Number(name), value: name === '0.499' ? 1.5 : null })),
};

/** At σ 0.499, the bin in the middle, the error falls from 0.8 to 0.4; all else stays. */
const at = (level: string, values: [number, number], else_: [number, number]) =>
  sigmaBinNames.map((name) => (name === level ? values : else_));
const recorded: Partial<Record<DynamicsKind, [number, number][]>> = {
  'noise-count': sigmaBinNames.map(() => [60, 60]),
  'noise-error': at('0.499', [0.8, 0.4], [1, 1]),
  'noise-loss': at('0.499', [0.9, 0.3], [1, 1]),
  'noise-u': at('0.499', [0, Math.log(0.5)], [0, 0]),
  'noise-gradient': at('0.499', [50, 70], [40, 40]),
};

beforeEach(() => {
  service.answer(runNoiseAdvice, () => advice);
  answer(Object.keys(recorded) as DynamicsKind[]);
});

/** Says what of these kinds was recorded, and nothing of others. */
function answer(kinds: readonly DynamicsKind[]): void {
  service.answer(runDynamics, ({ kind, afterNimg }) => {
    const values = kinds.includes(kind) && afterNimg < 256 ? recorded[kind] : undefined;
    return packDynamics(
      values === undefined
        ? { kind, layers: [], nimg: [], values: [] }
        : { kind, layers: sigmaBinNames, nimg: [256, 512], values },
    );
  });
}

test('advice stands with its reason and leads to a new run that has it', async () => {
  show('noise');
  const box = (await screen.findByRole('heading', { name: 'Where the noise should sit' })).closest('section')!;
  expect(box.textContent).toContain('A new run would do well with finer noise');
  expect(box.textContent).toContain(advice.reason);
  const link = within(box).getByRole('link', { name: 'New run with these noise levels' });
  expect(link.getAttribute('href')).toBe('#/new?from=7&pMean=-0.5&pStd=1.1');
});

test('charts and maps say in words what they show, at the clock', async () => {
  show('noise');
  expect(await screen.findByText(/^Noise that is drawn\. drawn so far: between 4\.17 % and 4\.17 %/)).toBeTruthy();
  expect(await screen.findByText(/advised: P_mean -0\.5, P_std 1\.1: between .* highest at σ 0\.(59|6)/)).toBeTruthy();
  expect(screen.getByText(/^Error by noise level\. weighted error: between 0\.400 and 1\.00/).textContent).toMatch(
    /at 256 images: between 0\.800 and 1\.00.*expected: e\^u: between 0\.500 and 1\.00/,
  );
  const map = screen.getByRole('application', { name: 'Weighted error' });
  const words = (map.getAttribute('aria-describedby') ?? '')
    .split(' ')
    .map((id) => document.getElementById(id)?.textContent ?? '')
    .join(' ');
  expect(words).toMatch(/At 512 images: 0\.400 at σ 0\.499 to 1\.00 at σ .* Left and right choose a noise level/);
  await fireEvent.keyDown(document.body, { key: 'ArrowLeft' });
  expect(await screen.findByText(/^Error by noise level\. weighted error: between 0\.800 and 1\.00/)).toBeTruthy();
});

test('the keys of a map choose noise levels and move the clock', async () => {
  show('noise');
  const map = await screen.findByRole('application', { name: 'Weighted error' });
  await fireEvent.keyDown(map, { key: 'ArrowRight' });
  const reading = map.closest('figure')!.querySelector('.reading')!;
  await waitFor(() => expect(reading.textContent).toMatch(/1\.00\s*σ 0\.00249\s*at 512 images/));
  await fireEvent.keyDown(map, { key: 'ArrowUp' });
  await waitFor(() => expect(reading.textContent).toMatch(/at 256 images/));
  expect(await screen.findByText(/^Error by noise level\. weighted error: between 0\.800/)).toBeTruthy();
});

test('the other map is chosen, and everything stands in a table', async () => {
  show('noise');
  const select = await screen.findByLabelText<HTMLSelectElement>('Map of');
  select.selectedIndex = [...select.options].findIndex(({ text }) => text === 'Gradient');
  await fireEvent.change(select);
  expect(await screen.findByRole('application', { name: 'Gradient of an image’s loss' })).toBeTruthy();
  await fireEvent.click(screen.getByLabelText('Table'));
  expect(screen.getByRole('row', { name: '0.499 4.17 % 0.400 0.800 -0.693 0.300 70.0' })).toBeTruthy();
});

test('a run that learns no u says so, and has no map of it', async () => {
  answer(['noise-count', 'noise-error', 'noise-loss', 'noise-gradient']);
  show('noise');
  expect(await screen.findByText(/Configuration A learns no/)).toBeTruthy();
  expect(screen.queryByRole('option', { name: 'u(σ)' })).toBeNull();
  expect(screen.getByRole('application', { name: 'Gradient of an image’s loss' })).toBeTruthy();
});

test('a run of an earlier version says that it was not recorded', async () => {
  answer([]);
  show('noise');
  expect(await screen.findByText('Not recorded')).toBeTruthy();
});
