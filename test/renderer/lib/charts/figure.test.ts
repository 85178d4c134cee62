import { expect, test } from 'vitest';
import { errorAxis, imagesAxis, secondsAxis, tickAxis } from '../../../../renderer/lib/charts/axes.ts';
import { axisScale } from '../../../../renderer/lib/charts/axis-scale.ts';
import { sequentialScale } from '../../../../renderer/lib/charts/color-map.ts';
import { curveFigure, path, type CurveChart } from '../../../../renderer/lib/charts/curve-figure.ts';
import { figureSvg, type Figure } from '../../../../renderer/lib/charts/figure.ts';
import { linesOf, widthOf } from '../../../../renderer/lib/charts/figure-text.ts';
import { mapFigure } from '../../../../renderer/lib/charts/map-figure.ts';

/** An SVG's root, read as strictly as XML is. */
function read(figure: Figure): Element {
  const { text } = figureSvg(figure, (token) => `var(${token})`, "system-ui, 'Segoe UI'");
  const { documentElement } = new DOMParser().parseFromString(text, 'image/svg+xml');
  expect(documentElement.querySelector('parsererror')).toBeNull();
  expect(documentElement.nodeName).toBe('svg');
  return documentElement;
}
const texts = (root: Element): string[] => [...root.querySelectorAll('text')].map((text) => text.textContent);

const chart = (labels: readonly string[], more: Partial<CurveChart> = {}): CurveChart => ({
  ...{
    title: 'Loss',
    words: [],
    smoothed: null,
    x: imagesAxis(),
    y: tickAxis('loss'),
    range: null,
    reach: {},
    marks: [],
  },
  series: labels.map((label, index) => ({
    ...{ id: label, label, token: `--run-${index + 1}`, dash: index === 1 ? [6, 3] : [] },
    ...{ xs: [1000, 2000, 4000], ys: [2.1, null, 0.4] },
  })),
  ...more,
});

test('a drawing of curves says its title, both axes and every run, each in its own colour and dash', () => {
  const root = read(curveFigure(chart(['C demo', 'G demo'])));
  expect(texts(root)).toEqual(expect.arrayContaining(['Loss', 'C demo', 'G demo', 'training images', 'loss']));
  const lines = [...root.querySelectorAll('path[stroke="var(--run-2)"]')];
  expect(lines).toHaveLength(2); // in the legend and on the axes
  expect(lines.map((line) => line.getAttribute('stroke-dasharray'))).toEqual(['6 3', '6 3']);
});

test('a band is a shape in the colour of its curve, which the words explain and the axis has room for', () => {
  const [curve] = chart(['Seed 1']).series;
  const band = { kind: 'range', low: [1, 1, null], high: [3, 9, null], runs: [2, 2, 0], all: 2, shaded: true } as const;
  const root = read(curveFigure(chart([], { series: [{ ...curve!, ys: [2, 5, null], band }] })));
  const shape = root.querySelector('path[fill="var(--run-1)"]')!.getAttribute('d')!;
  expect(shape).toMatch(/^M\S+ \S+L\S+ \S+L\S+ \S+L\S+ \S+Z$/);
  expect(texts(root)).toContain('10');
  expect(texts(root)).toContain('Shaded: from the smallest to the largest value.');
});

const ODD = [
  '<script>alert(1)</script>',
  'a & b "c" \'d\'',
  'run 🦊👩‍👩‍👧 ü',
  'half \ud83e and \u0007',
  'long '.repeat(90),
  'x'.repeat(400),
];

test('names of any kind leave it well-formed, within its width, and none is lost', () => {
  const root = read(curveFigure(chart(ODD, { title: ODD.join(' '), words: ODD })));
  expect(root.querySelector('script')).toBeNull();
  const said = texts(root).join('');
  for (const name of [ODD[0]!, ODD[2]!.slice(4), 'x'.repeat(100)])
    expect(said.replaceAll(/\s/g, '')).toContain(name.replaceAll(/\s/g, ''));
  const [width, height] = ['width', 'height'].map((side) => Number(root.getAttribute(side)));
  for (const text of root.querySelectorAll('text')) {
    expect(Number(text.getAttribute('y'))).toBeLessThan(height!);
    const size = Number(text.getAttribute('font-size') ?? 12);
    if (text.getAttribute('text-anchor') !== 'middle')
      expect(Number(text.getAttribute('x')) + widthOf(text.textContent, size)).toBeLessThan(width! + 1);
  }
});

test('what was measured stands thin under what is smoothed, and the drawing says so', () => {
  const { series } = chart(['a']);
  const root = read(curveFigure(chart(['a'], { smoothed: series })));
  expect(root.querySelectorAll('path[stroke-opacity="0.25"]')).toHaveLength(1);
  expect(texts(root)).toContain('Bold: smoothed. Thin: as measured.');
});

test('a chart without a value, a single value, and one below zero on a logarithmic axis are drawings all the same', () => {
  expect(texts(read(curveFigure(chart([]))))).toContain('Nothing measured');
  const single = { id: 'a', label: 'a', token: '--run-1', dash: [], xs: [64], ys: [0.5] };
  expect(read(curveFigure(chart([], { series: [single] }))).querySelector('path[d$="h0"]')).not.toBeNull();
  const below = { ...single, ys: [-0.5] };
  expect(texts(read(curveFigure(chart([], { series: [below], y: errorAxis() }))))).not.toContain('NaN');
});

test('a zoom draws the stretch that is seen, its y axis fitted to that', () => {
  const ys = [0.1, 100, 0.2, 0.3];
  const series = [{ id: 'a', label: 'a', token: '--run-1', dash: [], xs: [0, 1000, 2000, 3000], ys }];
  const said = texts(read(curveFigure(chart([], { series, range: { from: 1500, to: 3000 } }))));
  expect(said).not.toContain('100');
  expect(said).toContain('0.3');
});

test('a map says what its colours mean, its rows and its time', () => {
  const figure = mapFigure({
    ...{
      title: 'Weights <RMS>',
      words: ['Ratio to the first tick.'],
      picture: 'data:image/png;base64,AAAA',
      height: 100,
    },
    ...{
      scale: sequentialScale(0.5, 2),
      end: (value: number) => `×${value}`,
      missing: { label: 'not finite', token: '--bad' },
    },
    left: [{ at: 0.5, label: 'Enc 32' }],
    ...{ below: [{ at: 0, label: '0' }], titles: { left: '', below: 'training images' } },
  });
  const root = read(figure);
  expect(texts(root)).toEqual(
    expect.arrayContaining(['Weights <RMS>', '×0.5', '×2', 'not finite', 'Enc 32', 'training images']),
  );
  const cells = root.querySelector('image')!;
  expect(cells.getAttribute('href')).toBe('data:image/png;base64,AAAA');
  // Where a run has ended nothing is missing.
  expect(cells.previousElementSibling!.getAttribute('fill')).toBe('var(--sunken)');
});

test('a drawn path lifts its pen where a value is missing, and a value alone is a dot', () => {
  const same = (value: number): number => value;
  const ys = [1, null, 3, 4, null, 5];
  const points = ys.map((y, x) => ({ x, y }));
  expect(path(points, same, same)).toBe('M0 1h0M2 3L3 4M5 5h0');
});

test.each([
  ['decimals', tickAxis('loss'), { min: 0.13, max: 0.87 }, 'round', [0, 0.2, 0.4, 0.6, 0.8, 1]],
  ['decades', tickAxis('loss', true), { min: 0.013, max: 0.9 }, 'round', [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]],
  ['many decades', tickAxis('loss', true), { min: 3e-9, max: 20 }, 'round', [1e-9, 1e-7, 1e-5, 1e-3, 0.1, 10, 1000]],
  [
    'a single value',
    tickAxis('loss'),
    { min: 5, max: 5 },
    'data',
    [4.5, 4.6, 4.7, 4.8, 4.9, 5, 5.1, 5.2, 5.3, 5.4, 5.5],
  ],
  ['hours', secondsAxis(), { min: 0, max: 7000 }, 'data', [0, 1200, 2400, 3600, 4800, 6000, 7000]],
] as const)('ticks of %s are round', (_, axis, reach, ends, ticks) => {
  expect(axisScale(axis, reach, ends === 'round' ? 6 : 12, ends).ticks).toEqual(ticks);
});

test('lines break between words, and in a word that is wider than a line', () => {
  expect(linesOf('one two three', widthOf('one two', 12), 12)).toEqual(['one two', 'three']);
  expect(linesOf('x'.repeat(10), widthOf('xxxx', 12), 12)).toEqual(['xxxx', 'xxxx', 'xx']);
  expect(linesOf('  ', 10, 12)).toEqual([]);
});
