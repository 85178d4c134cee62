import { expect, test } from 'vitest';
import { findPreset } from '../../../../contract/presets.ts';
import { tickColumns, type TickColumns } from '../../../../contract/ticks.ts';
import { Clock } from '../../../../renderer/lib/run/clock.svelte.ts';
import { presets } from '../../../../contract/presets.ts';
import { climb } from '../../../../contract/ladder.ts';
import { configDiff, configDifferences, configRows } from '../../../../renderer/lib/run/config-rows.ts';
import { etaSentence, stateSentence } from '../../../../renderer/lib/run/figures.ts';
import { appendMagnitudes, appendTicks, noTicks, ticksUpTo } from '../../../../renderer/lib/run/tick-columns.ts';
import { runMark } from '../../../../renderer/lib/run-colors.ts';
import { exampleTick } from '../../../support/ticks.ts';
import { exampleRunSummary } from '../../support/examples.ts';

const ticks = (...nimg: number[]): TickColumns => tickColumns(nimg.map((moment) => exampleTick(moment)));

test('new ticks go to the end of the history', () => {
  expect(appendTicks(ticks(1, 2), ticks(3)).nimg).toEqual([1, 2, 3]);
  expect(appendTicks(noTicks, ticks(3)).nimg).toEqual([3]);
});

test('what was rewound falls away when the run comes by again', () => {
  const after = appendTicks(ticks(1, 2, 3, 4), ticks(3));
  expect(after.nimg).toEqual([1, 2, 3]);
  expect(Object.values(after).every((column) => column.length === 3)).toBe(true);
});

test('what comes after a moment is cut off in every column', () => {
  const after = ticksUpTo(ticks(1, 2, 3, 4), 2);
  expect(after.nimg).toEqual([1, 2]);
  expect(Object.values(after).every((column) => column.length === 2)).toBe(true);
  expect(ticksUpTo(ticks(1, 2), 2).nimg).toEqual([1, 2]);
});

test('a heat map grows by columns and drops rewound ones', () => {
  const table = (nimg: number[]) => ({ kind: 'weight' as const, layers: ['a', 'b'], nimg, values: [nimg, nimg] });
  expect(appendMagnitudes(table([1, 2, 3]), table([3, 4]))).toEqual(table([1, 2, 3, 4]));
  expect(appendMagnitudes(table([]), table([1]))).toEqual(table([1]));
  expect(appendMagnitudes(table([1, 2]), table([]))).toEqual(table([1, 2]));
});

test('the clock follows the newest moment until it is set, and again when it is set to the newest', () => {
  let moments = [10, 20, 30];
  const clock = new Clock(() => moments);
  expect([clock.now, clock.place]).toEqual([30, null]);
  clock.step(-1);
  expect(clock.now).toBe(20);
  moments = [10, 20, 30, 40];
  expect(clock.now).toBe(20);
  clock.set(39);
  expect(clock.place).toBeNull();
});

test('steps of the clock stop at both ends', () => {
  const clock = new Clock(() => [10, 20, 30]);
  clock.step(-99);
  expect(clock.now).toBe(10);
  clock.step(99);
  expect([clock.now, clock.place]).toEqual([30, null]);
});

test('a clock without moments stands at 0', () => {
  const clock = new Clock(() => []);
  clock.step(1);
  clock.first();
  expect(clock.now).toBe(0);
});

test('settings that differ from the preset are marked with what the preset says', () => {
  const preset = findPreset('demo')!.config;
  const config = { ...preset, training: { ...preset.training, learningRate: 0.02 } };
  const rows = configRows(config, preset).flatMap((group) => group.rows);
  expect(rows.filter((row) => row.preset !== null)).toEqual([{ name: 'learningRate', value: '0.02', preset: '0.01' }]);
  expect(rows.some((row) => row.name === 'sampler.steps')).toBe(true);
});

test('a comparison has only the settings that differ', () => {
  const demo = findPreset('demo')!.config;
  const other = { ...demo, training: { ...demo.training, seed: 5 } };
  expect(configDiff([demo, other])).toEqual([{ name: 'training.seed', values: ['0', '5'] }]);
  expect(configDiff([demo, demo])).toEqual([]);
});

test('what a configuration of the paper brings with it is set apart from what differs beside it', () => {
  const { config } = presets[0]!;
  const [c, g] = [climb(config, 'C'), { ...config, training: { ...config.training, seed: 5 } }];
  const { rungs, own, ofRungs } = configDifferences([c, g]);
  expect(rungs).toEqual(['C', 'G']);
  expect(own).toEqual([{ name: 'training.seed', values: ['0', '5'] }]);
  expect(ofRungs.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['network.switches.weightNorm', 'training.learningRate', 'training.lossScaling']),
  );
  // A rate that is not the one that belongs to C differs by itself.
  const faster = { ...c, training: { ...c.training, learningRate: 0.005 } };
  expect(configDifferences([faster, g]).own.map(({ name }) => name)).toEqual([
    'training.learningRate',
    'training.seed',
  ]);
  // On the same, or on none, there is nothing to set apart.
  expect(configDifferences([config, g])).toMatchObject({ rungs: null, ofRungs: [] });
  const none = { ...g, network: { ...g.network, switches: { ...g.network.switches, gains: false } } };
  expect(configDifferences([none, config])).toMatchObject({ rungs: null, ofRungs: [] });
});

test('what is written down of training stands last', () => {
  const { config } = presets[0]!;
  const other = {
    ...config,
    logging: { ...config.logging, tickImages: 99 },
    grid: { ...config.grid, rows: 2 },
    training: { ...config.training, seed: 5 },
  };
  expect(configDiff([config, other]).map(({ name }) => name)).toEqual([
    'training.seed',
    'grid.rows',
    'logging.tickImages',
  ]);
});

test('the time to go is said with the moment when it is over', () => {
  const now = new Date(2026, 10, 23, 14, 0).getTime();
  expect(etaSentence(11_520, now)).toBe('3 h 12 min, done at 17:12');
  expect(etaSentence(12.5 * 3600, now)).toBe('12 h 30 min, done tomorrow 02:30');
  expect(etaSentence(60.5 * 3600, now)).toBe('2 d 13 h, done Thu 02:30');
});

test('a state is said as a sentence', () => {
  const now = new Date(2026, 10, 23, 15, 0).getTime();
  const startedAt = new Date(2026, 10, 23, 14, 2).getTime();
  const run = exampleRunSummary({ startedAt, nimg: 12_300, durationImages: 35_000 });
  expect(stateSentence({ ...run, state: 'running' }, null, now)).toBe('Training since 14:02, 12.3 of 35.0 kimg');
  const drawing = { done: 12, total: 18, unit: 'steps', text: 'Drawing 64 pictures' };
  expect(stateSentence({ ...run, state: 'running' }, drawing, now)).toBe('Drawing 64 pictures, 12 of 18 steps');
  expect(stateSentence({ ...run, state: 'paused' }, null, now)).toBe('Paused at 12.3 of 35.0 kimg');
  expect(stateSentence({ ...run, state: 'queued', nimg: 0 }, null, now)).toBe('Waiting for the device');
});

test('no two of the first 32 runs look the same, and a run never changes its look', () => {
  const looks = Array.from({ length: 32 }, (_, index) => JSON.stringify(runMark(index + 1)));
  expect(new Set(looks).size).toBe(32);
  expect(runMark(5)).toEqual(runMark(5));
});
