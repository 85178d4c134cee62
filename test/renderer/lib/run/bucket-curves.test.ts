import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { runDynamics, type DynamicsTable } from '../../../../contract/dynamics-table.ts';
import { bucketCurves, bucketMark } from '../../../../renderer/lib/run/bucket-curves.ts';
import { packDynamics } from '../../../support/dynamics.ts';
import { show, useRunPage } from '../../support/run-page.ts';

useRunPage();

const layers = ['Enc 16×16', 'Enc 8×8', 'Dec 16×16'];
const table = (kind: DynamicsTable['kind'], value: number): DynamicsTable => ({
  kind,
  layers,
  nimg: [256, 512],
  values: layers.map((_, row) => [1, value + row]),
});
const answerBuckets = (): void =>
  service.answer(runDynamics, ({ kind }) =>
    packDynamics(
      /-(max|mean)$/.test(kind)
        ? table(kind, kind.endsWith('max') ? 8 : 2)
        : { kind, layers: ['unet.a'], nimg: [256], values: [[1]] },
    ),
  );

test('a resolution is a colour, the decoder dashed, the largest thick and the mean thin', () => {
  expect(layers.map((bucket) => bucketMark(bucket, layers))).toEqual([
    { token: '--run-1', dash: [] },
    { token: '--run-2', dash: [] },
    { token: '--run-1', dash: [5, 3] },
  ]);
  const curves = bucketCurves([table('weight-max', 8), table('weight-mean', 2)]);
  expect(curves.map(({ label }) => label).slice(2, 4)).toEqual(['Dec 16×16, largest', 'Enc 16×16, mean']);
  expect(curves[0]!.width).toBeGreaterThan(curves[3]!.width!);
});

test('between columns of a long run the spike of a bucket is drawn', () => {
  const span = { ticks: [1, 50], low: layers.map(() => [1, 1]), high: layers.map(() => [1, 90]) };
  expect(bucketCurves([{ ...table('weight-max', 1), span }])[0]!.ys).toEqual([1, 90]);
});

test('Figure 3 stands above the maps with its numbers at the clock, and in small on the Overview', async () => {
  answerBuckets();
  const { unmount } = show('dynamics');
  const section = (await screen.findByRole('heading', { name: 'Activations' })).closest('section')!;
  await waitFor(() => expect(within(section).getByText('8.00 / 2.00')).toBeTruthy());
  expect(within(section).getByText(/Dec 16×16, largest: 10\.0 at 512 images/)).toBeTruthy();
  unmount();
  show('overview');
  const small = await screen.findByRole('region', { name: 'Figure 3 of this run' });
  await waitFor(() => expect(within(small).getByText(/Weights by bucket\. Enc 16×16, largest: 8\.00/)).toBeTruthy());
  expect(within(small).getByRole('link', { name: 'Every layer' }).getAttribute('href')).toBe('#/runs/7/dynamics');
});

test('once an average was measured, Figure 3 shows it on demand', async () => {
  service.answer(runDynamics, ({ kind }) =>
    packDynamics(
      /-(max|mean)$/.test(kind)
        ? table(kind, kind.startsWith('average') ? 5 : 8)
        : { kind, layers: ['unet.a'], nimg: [256], values: [[1]] },
    ),
  );
  show('overview');
  const small = await screen.findByRole('region', { name: 'Figure 3 of this run' });
  await waitFor(() => expect(within(small).getByText(/Weights by bucket\. Enc 16×16, largest: 8\.00/)).toBeTruthy());
  await fireEvent.click(await within(small).findByRole('radio', { name: 'σ_rel 0.1' }));
  await waitFor(() => expect(within(small).getByText(/Weights by bucket\. Enc 16×16, largest: 5\.00/)).toBeTruthy());
});

test('a run that did not record it has no empty figure', async () => {
  service.answer(runDynamics, ({ kind }) => packDynamics({ kind, layers: [], nimg: [], values: [] }));
  show('overview');
  await screen.findByText(/^Loss, as measured/);
  expect(screen.queryByText(/by bucket/)).toBeNull();
  expect(screen.queryByRole('link', { name: 'Every layer' })).toBeNull();
});
