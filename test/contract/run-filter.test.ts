import { describe, expect, test } from 'vitest';
import { configSettings } from '../../contract/config-settings.ts';
import { climb, type RungName } from '../../contract/ladder.ts';
import { findPreset } from '../../contract/presets.ts';
import { runFieldNamed, runFields, type TableRun } from '../../contract/run-fields.ts';
import { readRunFilter } from '../../contract/run-filter.ts';
import type { RunConfig } from '../../contract/training.ts';
import { exampleRunSummary } from '../renderer/support/examples.ts';

const demo = findPreset('demo')!.config;
const on = (rung: RungName, training: Partial<RunConfig['training']> = {}): RunConfig =>
  climb({ ...demo, training: { ...demo.training, ...training } }, rung);

const NOON = new Date(2026, 10, 29, 12).getTime();
const run: TableRun = {
  ...exampleRunSummary({
    name: 'Emoji small',
    notes: 'tried again after the crash',
    state: 'failed',
    error: 'The loss became NaN.',
    tags: ['paper', 'sweep'],
    datasetName: 'Twemoji set',
    preset: 'small',
    lastLoss: 0.25,
    nimg: 12_000,
    durationImages: 24_000,
    trainSeconds: 7200,
    memoryBytes: 1.5e9,
    createdAt: NOON,
    endedAt: null,
  }),
  config: on('C', { seed: 3, sigmaRels: [0.05, 0.1] }),
};

/** What a filter says of the run; or what is wrong with it. */
function says(text: string, of: TableRun = run): boolean | string {
  const read = readRunFilter(text, new Date(NOON));
  return 'problem' in read ? read.problem.message : read.filter.matches(of);
}

test.each([
  '',
  '  ',
  'emoji',
  'crash',
  'state:failed',
  'state:fail',
  'STATE:Failed',
  'state:failed,paused',
  'state>=stopped',
  'tag:paper tag:sweep',
  'tag=paper',
  'preset:small EMOJI',
  'loss<0.3',
  'loss<=0.25 loss>=0.25 loss=0.25',
  'loss≤0.25',
  'images>10k',
  'images=12,000',
  'images:11k,12k',
  'progress:50%',
  'progress<51%',
  'progress>=0.5',
  'time=2h',
  'time<121min',
  'memory>1G',
  '-tag:debug',
  'not tag:debug',
  'not -tag:paper',
  'data:"twemoji set"',
  'name="Emoji small"',
  'name!=other',
  'rung:C',
  'rung<D rung>B',
  'rung:C,G',
  'lr<0.005',
  'lr=0.0002',
  'training.learningRate<1m loss<1',
  'LEARNINGRATE:2e-4',
  'seed:3',
  'sigmaRels:0.1',
  'sigmaRels<0.06',
  'groupNorm:no-mean',
  'gains:no',
  'horizontalFlips=false',
  'microBatch:none',
  'ended:none',
  'ended!=2026-11-29',
  'created:2026-11-29',
  'created:today',
  'created>yesterday',
  'created>=2026-11-29T12:00 created<2026-11-29T12:01',
  'failure:nan',
  'rung:G or state:failed',
  'rung:G state:failed or emoji',
  'black and emoji or paper',
])('“%s” finds the run', (filter) => {
  expect(says(filter)).toBe(true);
});

test.each([
  'flowers',
  'state:running',
  'state!=failed',
  'tag:paper tag:other',
  'tag=pap',
  'loss>0.3',
  'images<10k',
  '-emoji',
  'not emoji',
  'speed>1000',
  'name=emoji',
  'rung:G',
  'rung>C',
  'lr>0.005',
  'sigmaRels>0.2',
  'gains:yes',
  'ended:2026-11-29',
  'created:yesterday',
  'created<2026-11-29',
  'rung:G or state:running',
  'rung:G emoji or state:failed flowers',
])('“%s” does not find the run', (filter) => {
  expect(says(filter)).toBe(false);
});

test('what is not measured fits no comparison, and “none”', () => {
  const unmeasured = { ...run, lastLoss: null, config: null };
  for (const filter of ['loss<9', 'loss>0', 'loss:0', 'lr>0', 'rung:C']) expect(says(filter, unmeasured)).toBe(false);
  for (const filter of ['loss:none', 'loss!=0.25', '-loss<9']) expect(says(filter, unmeasured)).toBe(true);
});

test('what is typed composed finds a name that was written decomposed, as on a Mac', () => {
  const decomposed = { ...run, name: 'U\u0308bung', datasetName: 'Bu\u0308cher' };
  expect(says('\u00fcbung data:b\u00fccher', decomposed)).toBe(true);
});

describe('a filter that makes no sense', () => {
  test.each<[filter: string, marked: string, message: string]>([
    ['rungg:C lr<0.005', 'rungg', 'There is no field “rungg”. Did you mean “rung”?'],
    ['emoji learningrat<1', 'learningrat', 'There is no field “learningrat”. Did you mean “learningRate”?'],
    ['http://x', 'http', 'There is no field “http”. To look for the text, put it in quotation marks.'],
    [
      'state:fnished',
      'fnished',
      '“fnished” is no state. There are queued, running, paused, finished, stopped, failed.',
    ],
    ['state:failed,done', 'done', '“done” is no state. There are queued, running, paused, finished, stopped, failed.'],
    ['loss<abc', 'abc', '“abc” is not a number.'],
    ['lr<0,005', '0,005', '“<” compares with one value.'],
    ['lr:"0,005"', '"0,005"', '“0,005” is not a number; write decimals with a point.'],
    ['tag: x', 'tag:', 'A value follows “tag:”. It is a word, or several in quotation marks.'],
    ['-state:', '-state:', 'A value follows “state:”. There are queued, running, paused, finished, stopped, failed.'],
    ['lr < 0.005', '<', '“<” has no field before it. Write it without spaces, as in lr<0.005.'],
    ['name<x', 'name<x', '“name” has no order; ask with name:x instead.'],
    ['gains:maybe', 'maybe', '“maybe” is neither yes nor no.'],
    [
      'created>last',
      'last',
      '“last” is no day. Write it as 2026-11-29, with T14:30 for a time, or today or yesterday.',
    ],
    [
      'created>2026-13-01',
      '2026-13-01',
      '“2026-13-01” is no day. Write it as 2026-11-29, with T14:30 for a time, or today or yesterday.',
    ],
    ['progress>50', '50', 'Write 50% for a progress of 50 percent.'],
    ['data:"twemoji', '"twemoji', 'The quotation mark isn’t closed; type another " behind it.'],
    ['rung:C or', 'or', '“or” stands between two conditions. To look for the word, write "or".'],
    ['or rung:C', 'or', '“or” stands between two conditions. To look for the word, write "or".'],
    ['rung:C not', 'not', 'A condition follows “not”, as in not state:failed.'],
  ])('“%s” says what is wrong at “%s”', (filter, marked, message) => {
    const read = readRunFilter(filter);
    const problem = 'problem' in read ? read.problem : null;
    expect(problem?.message).toBe(message);
    expect(filter.slice(problem!.from, problem!.to)).toBe(marked);
  });
});

test('it is known whether a filter asks for settings', () => {
  const needs = (text: string): unknown => {
    const read = readRunFilter(text);
    return 'filter' in read && read.filter.needsConfig;
  };
  expect(['emoji state:failed loss<1', 'lr<1', 'loss<1 or rung:C'].map(needs)).toEqual([false, true, true]);
});

describe('the table of fields', () => {
  test('has every setting of a configuration, and each name once', () => {
    const paths = runFields().map(({ name }) => name);
    for (const { path } of configSettings()) expect(paths).toContain(path);
    expect(configSettings().length).toBeGreaterThan(50);
    const names = runFields().flatMap(({ name, aliases }) => [name, ...aliases].map((called) => called.toLowerCase()));
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  test('reads each setting from the configuration', () => {
    for (const { path, kind, list } of configSettings()) {
      const value = runFieldNamed(path)!.read(run);
      expect(Array.isArray(value), path).toBe(list);
      const one = Array.isArray(value) ? (value as unknown[])[0] : value;
      const types = { number: 'number', flag: 'boolean', text: 'string', choice: 'string' };
      if (one !== null && one !== undefined) expect(typeof one, path).toBe(types[kind]);
    }
  });
});
