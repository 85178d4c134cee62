import { expect, test } from 'vitest';
import { climb, rungNames, rungs } from '../../../../contract/ladder.ts';
import { findPreset, presets } from '../../../../contract/presets.ts';
import type { RunConfig } from '../../../../contract/training.ts';
import { freeName, KeptDraft, RunDraft } from '../../../../renderer/pages/new-run/draft.svelte.ts';

function draft(texts: Record<string, string> = {}): RunDraft {
  const made = new RunDraft();
  Object.assign(made.texts, texts);
  return made;
}

/** A run as it was made. */
const runOf = (name: string, config: RunConfig) => {
  const { microBatch, durationImages } = config.training;
  return { name, config, microBatch, durationImages };
};

test('an untouched draft is exactly the first preset', () => {
  expect(draft().config).toEqual(presets[0]!.config);
  expect(draft().changed.size).toBe(0);
});

test.each([
  ['training.learningRate', '0', 'Must be more than 0.'],
  ['training.learningRate', 'fast', '“fast” is not a number.'],
  ['training.batchSize', '1.5', 'Must be a whole number.'],
  ['training.batchSize', '9000', 'Must be at most 8,192.'],
  ['training.sigmaRels', '0.05, 0.3', 'Value 2: must be less than 0.2887.'],
  [
    'training.microBatch',
    '5',
    'Batch size 32 is not a multiple of micro-batch 5; the nearest that divide it are 4 and 8.',
  ],
  ['network.channelMult', '', 'This must not be empty.'],
  ['network.channelMult', '1 1 1 1 1 1 1', 'Give at most 6 values.'],
  ['grid.sigmaRel', '0.2', 'The grid wants σ_rel 0.2, but the run keeps 0.05 and 0.1.'],
  ['grid.sampler.sigmaMin', '1', null],
])('%s = “%s” says “%s” at its own field', (path, text, problem) => {
  const made = draft({ [path]: text });
  expect(made.problems[path] ?? null).toBe(problem);
  expect(made.config === null).toBe(problem !== null);
});

test('two bad fields are both told, also when one of them can’t even be read', () => {
  const made = draft({ 'training.learningRate': 'x', 'training.batchSize': '0' });
  expect(Object.keys(made.problems).sort()).toEqual(['training.batchSize', 'training.learningRate']);
});

test('what differs from the preset is known, and going back makes it the same again', () => {
  const made = draft({ 'training.batchSize': '64' });
  made.flags['training.horizontalFlips'] = true;
  expect([...made.changed].sort()).toEqual(['training.batchSize', 'training.horizontalFlips']);
  made.reset('training.batchSize');
  made.reset('training.horizontalFlips');
  expect(made.changed.size).toBe(0);
});

test('writing the same value differently is no change', () => {
  expect(draft({ 'training.durationImages': '35,008' }).changed.size).toBe(0);
});

test('settings of another run come over whole, with a name that is free', () => {
  const made = draft();
  const config = { ...findPreset('xs')!.config, preset: 'xs' };
  made.useRun(runOf('emoji', config), ['emoji 2']);
  expect(made.config).toEqual(config);
  expect(made.name).toBe('emoji 3');
});

test('a rung changes what belongs to it and leaves what was changed by hand', () => {
  const made = draft({ 'training.batchSize': '64' });
  made.flags['training.horizontalFlips'] = true;
  made.useRung('C');
  const { training, network } = climb(findPreset('demo')!.config, 'C');
  expect(made.config?.network).toEqual(network);
  expect(made.config?.training).toEqual({ ...training, batchSize: 64, horizontalFlips: true });
  expect([...made.changed].sort()).toEqual(['training.batchSize', 'training.horizontalFlips']);
  made.useRung('A');
  expect(made.config?.training).toMatchObject({ batchSize: 64, averaging: 'exponential' });
  made.useRung('G');
  expect(made.config?.network).toEqual(findPreset('demo')!.config.network);
});

test('another preset stays on the rung', () => {
  const made = draft();
  made.useRung('D');
  made.usePreset(findPreset('small')!);
  expect(made.config).toEqual(climb(findPreset('small')!.config, 'D'));
  expect(made.changed.size).toBe(0);
});

test('settings of a run are those it goes on with: its length and its micro-batch', () => {
  const made = draft();
  made.useRun({ ...runOf('longer', findPreset('demo')!.config), durationImages: 70_016, microBatch: 8 });
  expect(made.config?.training).toMatchObject({ durationImages: 70_016, microBatch: 8 });
  expect(made.changed.size).toBe(0);
});

test('a run on another rung comes over on it, and every rung is reached from there', () => {
  for (const from of rungNames) {
    const made = draft();
    const run = climb(findPreset('demo')!.config, from);
    made.useRun(runOf('r', run));
    expect([made.rung, made.canClimb, made.config]).toEqual([from, true, run]);
    for (const to of rungNames) {
      made.useRung(to);
      expect(made.config, `${from} to ${to}`).toEqual(climb(findPreset('demo')!.config, to));
      expect(made.rungBefore).toBe(from);
    }
    made.useRung(from);
    expect(made.changed.size).toBe(0);
  }
});

test('a rung chosen for a run like another changes what belongs to it alone, and marks it', () => {
  const { config } = findPreset('demo')!;
  const run = { ...climb(config, 'C'), training: { ...climb(config, 'C').training, batchSize: 16, seed: 9 } };
  const made = draft();
  made.useRun(runOf('r', run));
  made.texts['training.pMean'] = '-0.5';
  made.useRung('G');
  expect(made.config?.training).toEqual({ ...config.training, batchSize: 16, seed: 9, pMean: -0.5 });
  expect([...made.changed].sort()).toEqual([
    'network.dropout',
    'training.decayBatches',
    'training.learningRate',
    'training.lossScaling',
    'training.pMean',
  ]);
});

test('a preset chosen for a run like another changes in what the two presets differ, and marks it', () => {
  const { config } = findPreset('demo')!;
  const small = findPreset('small')!;
  const made = draft();
  made.useRun(runOf('r', { ...config, training: { ...config.training, pMean: -0.3, seed: 9 } }));
  made.usePreset(small);
  expect(made.config?.network.modelChannels).toBe(small.config.network.modelChannels);
  expect(made.config?.training).toMatchObject({ batchSize: 128, pMean: -0.3, seed: 9 });
  expect(made.config?.preset).toBe('small');
  expect(made.changed.has('training.batchSize')).toBe(true);
  expect(made.changed.has('training.pMean')).toBe(false);
  made.backToRun();
  expect(made.changed.size).toBe(0);
});

test('switches that belong to no rung stay what they are', () => {
  const { config } = findPreset('demo')!;
  const switches = { ...rungs.G.switches, weightNorm: 'on-use' as const };
  const made = draft();
  made.useRun(runOf('r', { ...config, network: { ...config.network, switches } }));
  expect([made.rung, made.canClimb]).toEqual([null, false]);
  made.useRung('C');
  made.usePreset(findPreset('small')!);
  expect(made.config?.network.switches).toEqual(switches);
});

test('single switches change what the configuration has, until another configuration or preset is chosen', () => {
  const made = draft();
  made.useSwitches({ weightNorm: 'on-use' });
  expect(made.config?.network.switches).toEqual({ ...rungs.G.switches, weightNorm: 'on-use' });
  expect(made.switches).toEqual({ weightNorm: 'on-use' });
  made.useSwitches({ weightNorm: 'forced', gains: false });
  expect(made.switches).toEqual({ gains: false });
  made.useRung('D');
  expect(made.config?.network.switches).toEqual(rungs.D.switches);
  made.useSwitches({ uncertainty: false });
  made.usePreset(findPreset('small')!);
  expect(made.config?.network.switches).toEqual(rungs.D.switches);
});

test('switches chosen in a run like another are told against that run', () => {
  const { config } = findPreset('demo')!;
  const switches = { ...rungs.G.switches, weightNorm: 'on-use' as const };
  const made = draft();
  made.useRun(runOf('r', { ...config, network: { ...config.network, switches } }));
  expect(made.switches).toEqual({});
  made.useSwitches({ weightNorm: 'forced' });
  expect(made.switches).toEqual({ weightNorm: 'forced' });
  expect(made.config?.network.switches).toEqual(rungs.G.switches);
  made.backToRun();
  expect(made.config?.network.switches).toEqual(switches);
});

test('a draft that an earlier version kept has the switches of its configuration', () => {
  const kept: Partial<KeptDraft> = draft().kept();
  delete kept.switches;
  const again = draft();
  again.take(KeptDraft.parse({ ...kept, rung: 'C' }));
  expect(again.config?.network.switches).toEqual(rungs.C.switches);
});

test('a kept draft is entered again as it was, with texts that are no numbers, and unknown fields left out', () => {
  const made = draft();
  made.usePreset(findPreset('small')!);
  made.useRung('D');
  made.useSwitches({ gains: true });
  made.texts['training.batchSize'] = 'sixty';
  made.flags['training.horizontalFlips'] = true;
  made.name = 'mine';
  const kept = KeptDraft.parse(JSON.parse(JSON.stringify(made.kept())));
  const again = draft();
  again.take({ ...kept, changes: { ...kept.changes, 'training.gone': '1', 'training.pMean': true } });
  expect(again.kept()).toEqual(kept);
  expect(again.texts).toEqual(made.texts);
  expect([again.name, again.rung, again.preset]).toEqual(['mine', 'D', 'small']);
  expect(again.switches).toEqual({ gains: true });
});

test('names count on', () => {
  expect(freeName('a', [])).toBe('a');
  expect(freeName('a', ['a'])).toBe('a 2');
  expect(freeName('run 9', ['run 9', 'run 10'])).toBe('run 11');
  // They stay names: 100 UTF-16 units at most, and no half of an emoji.
  const long = `a${'😀'.repeat(49)}`;
  expect(freeName(`${long} demo`, [])).toBe(long);
  expect(freeName(long, [long])).toBe(`a${'😀'.repeat(48)} 2`);
});

test('a run like one that an earlier version took with fresh noise the wrong way round is refused with what is wrong', () => {
  const config = structuredClone(findPreset('demo')!.config);
  config.grid.sampler.churn = { amount: 20, min: 5, max: 1, noise: 1 };
  const made = draft();
  made.useRun(runOf('noisy', config));
  expect([made.config, made.problems['']]).toEqual([null, 'S_min 5 must be smaller than S_max 1.']);
});
