import { expect, test } from 'vitest';
import { CONFIG_FORMAT, newerFormat, todaysName, upgraded } from '../../contract/formats.ts';
import { rungs } from '../../contract/ladder.ts';
import { presets } from '../../contract/presets.ts';
import { RunConfig } from '../../contract/training.ts';

/** A configuration as format 1 had it. */
function asFormat1({ network, training, grid, ...rest }: RunConfig): unknown {
  const { switches, ...widths } = network;
  const { sigmaRels, ...taught } = training;
  const { sigmaRel, ...drawn } = grid;
  return {
    ...rest,
    version: 1,
    network: { ...widths, ladder: switches },
    training: { ...taught, emaStds: sigmaRels },
    grid: { ...drawn, emaStd: sigmaRel },
  };
}

test.each(presets.map(({ name, config }) => [name, config] as const))(
  'the preset %s as format 1 is read as today’s, to the last value',
  (_name, config) => {
    const changed = { ...config, network: { ...config.network, switches: rungs.C.switches } };
    expect(RunConfig.safeParse(asFormat1(changed)).success).toBe(false);
    expect(RunConfig.parse(upgraded(asFormat1(changed)))).toEqual(changed);
  },
);

test('a configuration of format 2 knew no validation, and gets none', () => {
  const { tickImages, snapshotImages, checkpointImages, sampleImages } = presets[0]!.config.logging;
  const logging = { tickImages, snapshotImages, checkpointImages, sampleImages };
  const stored = { ...presets[0]!.config, version: 2, logging };
  expect(RunConfig.parse(upgraded(stored)).logging).toEqual({ ...logging, validationImages: 0 });
});

test('today’s JSON comes out as it is', () => {
  const stored = {
    version: CONFIG_FORMAT,
    network: { switches: [] },
    training: {},
    text: 'emaStd',
    n: null,
    list: [1, 'a'],
  };
  expect(upgraded(stored)).toEqual(stored);
});

test('names are today’s however deep, and no text changes', () => {
  const stored = { model: { kind: 'recipe', emaStd: 0.2 }, terms: [{ emaStd: 0.1 }, { emaStd: 0.05 }], name: 'ladder' };
  const today = {
    model: { kind: 'recipe', sigmaRel: 0.2 },
    terms: [{ sigmaRel: 0.1 }, { sigmaRel: 0.05 }],
    name: 'ladder',
  };
  expect(upgraded(stored)).toEqual(today);
  expect(['ladder', 'emaStds', 'switches', 'constructor'].map(todaysName)).toEqual([
    'switches',
    'sigmaRels',
    'switches',
    'constructor',
  ]);
});

test('a version that belongs to something else stays', () => {
  expect(upgraded({ version: 1, file: 'a' })).toEqual({ version: 1, file: 'a' });
});

test('a configuration of a newer version is refused with a sentence', () => {
  const newer = { ...presets[0]!.config, version: CONFIG_FORMAT + 1 };
  const sentence = /was written by a newer EDM2 Studio \(format 4, this one knows 3\)/;
  expect(newerFormat(newer)).toMatch(sentence);
  expect(
    RunConfig.safeParse(newer)
      .error?.issues.map(({ message }) => message)
      .join(),
  ).toMatch(sentence);
  expect([{ version: CONFIG_FORMAT }, { version: 'x' }, {}, null, 'text'].map(newerFormat)).toEqual(
    Array(5).fill(null),
  );
});
