import { expect, test } from 'vitest';
import { matches } from '../../../../renderer/pages/runs/filter.ts';
import { spread } from '../../../../renderer/pages/runs/spread.ts';
import { exampleRunSummary } from '../../support/examples.ts';

const run = exampleRunSummary({
  name: 'Emoji small',
  state: 'failed',
  tags: ['paper', 'sweep'],
  datasetName: 'Twemoji set',
  preset: 'small',
  lastLoss: 0.25,
  nimg: 12_000,
});

test.each([
  '',
  'emoji',
  'state:failed',
  'tag:paper tag:sweep',
  'preset:small EMOJI',
  'loss<0.3',
  'images>10k',
  '-tag:debug',
  'data:"twemoji set"',
])('“%s” finds the run', (filter) => {
  expect(matches(run, filter)).toBe(true);
});

test.each(['flowers', 'state:running', 'tag:paper tag:other', 'loss>0.3', 'images<10k', '-emoji', 'speed>1000'])(
  '“%s” does not find the run',
  (filter) => {
    expect(matches(run, filter)).toBe(false);
  },
);

test('a run without a loss fits no comparison of it', () => {
  expect(matches({ ...run, lastLoss: null }, 'loss<9')).toBe(false);
  expect(matches({ ...run, lastLoss: null }, 'loss>0')).toBe(false);
});

test('the strip takes its pictures from rows spread over the sheet', () => {
  expect(spread(72, 8, 3)).toEqual([0, 25, 50]);
  expect(spread(8, 8, 5)).toEqual([0, 1, 2, 3, 4]);
  expect(spread(2, 2, 5)).toEqual([0, 1]);
});

test('what is typed composed finds a name that was written decomposed, as on a Mac', () => {
  const decomposed = exampleRunSummary({ name: 'U\u0308bung', datasetName: 'Bu\u0308cher' });
  expect(matches(decomposed, '\u00fcbung data:b\u00fccher')).toBe(true);
});
