import '../../support/no-charts.ts';
import '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, expect, test } from 'vitest';
import { imagesAxis, rateAxis, sigmaAxis } from '../../../../renderer/lib/charts/axes.ts';
import { Crosshair } from '../../../../renderer/lib/charts/crosshair.svelte.ts';
import LineChart from '../../../../renderer/lib/charts/LineChart.svelte';
import { chartTaste } from '../../../../renderer/lib/run/chart-taste.svelte.ts';
import LogSwitch from '../../../../renderer/lib/run/LogSwitch.svelte';

afterEach(cleanup);

test('pointing at curves with a legend says of which moment the readings are', async () => {
  const crosshair = new Crosshair();
  const series = ['a', 'b'].map((id) => ({ id, label: id, token: '--run-1', dash: [], xs: [256, 512], ys: [1, 2] }));
  render(LineChart, {
    ...{ title: 'Loss', series, x: imagesAxis(), y: rateAxis(), height: 100, crosshair, legend: true },
  });
  expect(screen.queryByText(/^at /)).toBeNull();
  crosshair.x = 270;
  expect(await screen.findByText('at 256 images')).toBeTruthy();
});

test('readings are what was measured: smoothing only draws', () => {
  const series = ['a', 'b'].map((id) => ({ id, label: id, token: '--run-1', dash: [], xs: [1, 2, 3], ys: [9, 9, 1] }));
  render(LineChart, {
    ...{ title: 'Loss', series, x: imagesAxis(), y: rateAxis(), height: 100, crosshair: new Crosshair(), legend: true },
    smoothing: 0.5,
  });
  expect([...screen.getByRole('list').querySelectorAll('b')].map(({ textContent }) => textContent)).toEqual(['1', '1']);
});

test('curves over another x than time are read where one points, and nowhere else', async () => {
  const crosshair = new Crosshair();
  const curve = { id: 'a', label: 'a', token: '--run-1', dash: [], xs: [0.1, 1, 10], ys: [2, 3, 1] };
  render(LineChart, {
    ...{ title: 'Error', series: [curve], x: sigmaAxis(), y: rateAxis(), height: 100, crosshair, legend: true },
    readsEnds: false,
  });
  expect(screen.getByText(/^Error\. a: between 1 and 3, highest at σ 1$/)).toBeTruthy();
  const legend = screen.getByRole('list');
  expect(legend.textContent.trim()).toBe('a');
  crosshair.x = 9;
  expect(await within(legend).findByText('1')).toBeTruthy();
});

test('the learning rate has a logarithmic axis of its own, which is remembered', async () => {
  render(LogSwitch, { axes: ['rate'] });
  await fireEvent.click(screen.getByRole('button', { name: 'y', pressed: false }));
  expect([chartTaste.logRate, chartTaste.logY]).toEqual([true, false]);
  expect(localStorage.getItem('chart-taste')?.endsWith('true')).toBe(true);
  chartTaste.logRate = false;
});
