import { expect, test } from 'vitest';
import controls from '../../../renderer/styles/controls.css?raw';
import tokens from '../../../renderer/styles/tokens.css?raw';

/** Colours of a theme by token; the dark block says only what differs. */
function themeColors(dark: boolean): Map<string, string> {
  const [light = '', after = ''] = tokens.split(":root[data-theme='dark']");
  const block = dark ? light + after.slice(0, after.indexOf('}')) : light;
  return new Map([...block.matchAll(/(--[\w-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1]!, match[2]!]));
}

/** Relative luminance as WCAG 2.1 defines it. */
function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high! + 0.05) / (low! + 0.05);
}

const texts: [string, string[]][] = [
  ['--text', ['--ground', '--panel', '--sunken', '--hover', '--selected']],
  ['--quiet', ['--ground', '--panel', '--sunken', '--hover', '--selected']],
  ['--accent-text', ['--ground', '--panel', '--selected']],
  ['--on-accent', ['--accent', '--accent-hover']],
  ['--good-text', ['--ground', '--panel', '--good-ground']],
  ['--warn-text', ['--ground', '--panel', '--warn-ground']],
  ['--bad-text', ['--ground', '--panel', '--bad-ground']],
];
const marks = [
  '--accent',
  '--good',
  '--warn',
  '--bad',
  '--line-strong',
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => `--run-${n}`),
];

test.each(['light', 'dark'])('every text of the %s theme stands 4.5:1 against what is under it', (name) => {
  const colors = themeColors(name === 'dark');
  const weak = texts.flatMap(([text, grounds]) =>
    grounds
      .map((ground) => ({ text, ground, ratio: contrast(colors.get(text)!, colors.get(ground)!) }))
      .filter(({ ratio }) => ratio < 4.5),
  );
  expect(weak).toEqual([]);
});

test.each(['light', 'dark'])('every mark of the %s theme stands 3:1 against panel and ground', (name) => {
  const colors = themeColors(name === 'dark');
  const weak = marks.flatMap((mark) =>
    ['--panel', '--ground']
      .map((ground) => ({ mark, ground, ratio: contrast(colors.get(mark)!, colors.get(ground)!) }))
      .filter(({ ratio }) => ratio < 3),
  );
  expect(weak).toEqual([]);
});

test('the contrast of black on white is 21', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
});

test('borders of fields and tracks of sliders are marks, and text is measured in the browser’s own size', () => {
  expect(controls).toMatch(/\.input \{[^}]*border: 1px solid var\(--line-strong\)/);
  const tracks = [...controls.matchAll(/(-webkit-slider-runnable|-moz-range)-track \{[^}]*\}/g)].map(([rule]) => rule);
  expect(tracks).toHaveLength(2);
  for (const rule of tracks) expect(rule).toContain('background: var(--line-strong)');
  for (const [, size] of tokens.matchAll(/--size[\w-]*: ([^;]+);/g)) expect(size).toMatch(/rem$/);
});
