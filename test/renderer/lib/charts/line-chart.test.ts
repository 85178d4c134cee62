import '../../support/no-charts.ts';
import '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, expect, test, vi } from 'vitest';
import { imagesAxis, rateAxis, sigmaAxis } from '../../../../renderer/lib/charts/axes.ts';
import { Crosshair } from '../../../../renderer/lib/charts/crosshair.svelte.ts';
import LineChart from '../../../../renderer/lib/charts/LineChart.svelte';
import { chartTaste } from '../../../../renderer/lib/run/chart-taste.svelte.ts';
import { pngOf } from '../../../../renderer/lib/charts/svg-picture.ts';
import LogSwitch from '../../../../renderer/lib/run/LogSwitch.svelte';

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

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

test('a mean is said with its spread and, where some runs have ended, of how many it is', async () => {
  const crosshair = new Crosshair();
  const band = { kind: 'range', low: [1, 2, 4], high: [3, 2.5, 4], runs: [3, 2, 1], all: 3, shaded: true } as const;
  const curve = { id: 'a', label: 'Seed 1', token: '--run-1', dash: [], xs: [100, 200, 300], ys: [2, 2.25, 4], band };
  render(LineChart, {
    ...{ title: 'Loss', series: [curve], x: imagesAxis(), y: rateAxis(), height: 100, crosshair, legend: true },
  });
  expect(screen.getByText(/^Loss\. Seed 1: 4 \(here of 1\) at 300 images/)).toBeTruthy();
  crosshair.x = 200;
  expect(await screen.findByText('2 to 2.5, here of 2')).toBeTruthy();
  crosshair.x = 100;
  expect(await screen.findByText('1 to 3')).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Table and files of Loss' }));
  await fireEvent.click(await screen.findByRole('menuitem', { name: 'Show as table' }));
  expect(screen.getByRole('cell', { name: '2.25 (2 to 2.5, here of 2)' })).toBeTruthy();
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

test('the drawing that is saved has the name of the file, the legend and what is smoothed, though the table is shown', async () => {
  const saved: Blob[] = [];
  vi.stubGlobal(
    'URL',
    Object.assign(URL, { createObjectURL: (blob: Blob) => saved.push(blob), revokeObjectURL: vi.fn() }),
  );
  const names: string[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    names.push(this.download);
  });
  const series = ['C <demo>', 'G'].map((id) => ({
    id,
    label: id,
    token: '--run-1',
    dash: [],
    xs: [256, 512],
    ys: [1, 2],
  }));
  const chart = { title: 'Weights', name: 'Weights, Dec 16×16', series, x: imagesAxis(), y: rateAxis(), height: 100 };
  render(LineChart, { ...chart, crosshair: new Crosshair(), smoothing: 0.1 });
  const menu = screen.getByRole('button', { name: 'Table and files of Weights' });
  for (const item of ['Show as table', 'Save as SVG', 'Save as CSV']) {
    await fireEvent.keyDown(menu, { key: 'Enter' });
    await fireEvent.click(await screen.findByRole('menuitem', { name: item }));
  }
  expect(names).toEqual(['weights-dec-16-16.svg', 'weights-dec-16-16.csv']);
  const drawing = new DOMParser().parseFromString(await saved[0]!.text(), 'image/svg+xml');
  const said = [...drawing.querySelectorAll('text')].map((text) => text.textContent);
  expect(said).toEqual(
    expect.arrayContaining([
      'Weights, Dec 16×16',
      'C <demo>',
      'G',
      'training images',
      'Bold: smoothed. Thin: as measured.',
    ]),
  );
});

test('a PNG is twice as large as its drawing, whatever the screen', async () => {
  vi.stubGlobal('devicePixelRatio', 1);
  vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: () => 'blob:a', revokeObjectURL: vi.fn() }));
  vi.stubGlobal(
    'Image',
    class {
      src = '';
      decode = () => Promise.resolve();
    },
  );
  const drawn = vi.fn();
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue({ drawImage: drawn } as never);
  let size: readonly number[] = [];
  vi.spyOn(HTMLCanvasElement.prototype, 'toBlob').mockImplementation(function (this: HTMLCanvasElement, done) {
    size = [this.width, this.height];
    done(new Blob(['png']));
  });
  await pngOf({ text: '<svg/>', width: 960, height: 500 });
  expect(size).toEqual([1920, 1000]);
  expect(drawn.mock.calls[0]!.slice(1)).toEqual([0, 0, 1920, 1000]);
});
