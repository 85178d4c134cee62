import { expect, test } from 'vitest';
import { climb } from '../../../../contract/ladder.ts';
import { findPreset } from '../../../../contract/presets.ts';
import type { TableRun } from '../../../../contract/run-fields.ts';
import { complete } from '../../../../renderer/lib/run/completion.ts';
import { exampleRunSummary } from '../../support/examples.ts';

const demo = findPreset('demo')!.config;
const runs: TableRun[] = [
  { ...exampleRunSummary({ tags: ['paper', 'sweep'], datasetName: 'Twemoji set' }), config: climb(demo, 'C') },
  { ...exampleRunSummary({ tags: ['paper'], datasetName: 'Birds' }), config: climb(demo, 'G') },
];

/** What is offered at the `|`, and what the first of it makes of the text. */
function at(text: string): { offered: string[]; made: string | null } {
  const caret = text.indexOf('|');
  const whole = text.replace('|', '');
  const { from, to, options } = complete(whole, caret, runs);
  const offered = options.map((option) => option.text);
  return { offered, made: offered.length === 0 ? null : whole.slice(0, from) + offered[0]! + whole.slice(to) };
}

test.each<[string, string[]]>([
  ['|', ['state:', 'rung:', 'tag:', 'data:', 'lr<', 'loss<', 'progress<', 'created<']],
  ['lr|', ['lr<']],
  ['-rung|', ['rung:']],
  ['state:f|', ['finished', 'failed']],
  ['state:failed,p|', ['paused']],
  ['gains:|', ['yes', 'no']],
  ['tag:|', ['paper', 'sweep']],
  ['data:|', ['Birds', '"Twemoji set"']],
  ['data:"twe|', ['"Twemoji set"']],
  ['created>|', ['today', 'yesterday']],
  ['lr<|', ['0.0002', '0.01']],
  ['lr<0.01|', []],
  ['nothing:|', []],
  ['"in quotes|', []],
])('at “%s” is offered what may stand there', (text, offered) => {
  expect(at(text).offered).toEqual(offered);
});

test('what is taken takes the place of the word that the caret is in', () => {
  expect(at('sta| rung:C').made).toBe('state: rung:C');
  expect(at('emoji state:failed,p| x').made).toBe('emoji state:failed,paused x');
  expect(at('not -prese|').made).toBe('not -preset:');
});

test('fields are found by what the form calls them, after those that begin so', () => {
  const { offered } = at('chan|');
  expect(offered[0]).toBe('channels<');
  expect(offered).toContain('channelMult<');
  expect(at('peak|').offered).toEqual([]);
  expect(at('flips|').offered).toEqual(['horizontalFlips:']);
});
