import { describe, expect, test } from 'vitest';
import type { RunSummary } from '../../../contract/runs.ts';
import {
  classList,
  classNamed,
  configFrom,
  engineNamed,
  findRun,
  positiveNumber,
  seedList,
  wholeNumber,
} from '../../../native-worker/cli/arguments.ts';

const refused = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toMatchObject({ name: 'AppError' });
    return (error as Error).message;
  }
  throw new Error('it was accepted');
};

describe('seeds', () => {
  test('are ranges and single numbers', () => {
    expect(seedList('0-3')).toEqual([0, 1, 2, 3]);
    expect(seedList('5')).toEqual([5]);
    expect(seedList('7, 1-2,7')).toEqual([7, 1, 2, 7]);
  });

  test.each(['', 'a', '3-1', '-1', '1.5', '0-2147483648', '1,,2', '0-1024'])('"%s" is refused', (text) => {
    expect(refused(() => seedList(text))).toContain('--seeds');
  });
});

describe('numbers', () => {
  test.each(['0', '-1', '1.5', '', 'x', '1e3', '65'])('"%s" is no whole number up to 64', (text) => {
    expect(refused(() => wholeNumber(text, '--columns', 64))).toContain('--columns');
  });

  test.each(['0', '-1', '', 'x', 'Infinity'])('"%s" is no positive number', (text) => {
    expect(refused(() => positiveNumber(text, '--minutes'))).toContain('--minutes');
  });

  test('are read', () => {
    expect(wholeNumber('64', '--columns', 64)).toBe(64);
    expect(positiveNumber('0.5', '--minutes')).toBe(0.5);
  });
});

describe('classes', () => {
  const classes = ['Cats', 'Dogs', '0'];

  test('are named, numbered, or all', () => {
    expect(classList('dogs,0', classes)).toEqual([1, 2]);
    expect(classList('1', classes)).toEqual([1]);
    expect(classList('all', classes)).toEqual([0, 1, 2]);
  });

  test('are found by the exact name before others, however it is composed, and with commas in them', () => {
    const alike = ['10', '2', 'Bu\u0308cher', 'Cat', 'Paris, France', 'cat', 'Paris', 'all'];
    const label = (text: string): number[] => classList(text, alike);
    expect([label('cat'), label('Cat'), label('Paris, France'), label('B\u00fccher')]).toEqual([[5], [3], [4], [2]]);
    expect(label('cat,Paris, France,2, PARIS ,b\u00dcCHER')).toEqual([5, 4, 1, 6, 2]);
    expect(label('3')).toEqual([3]);
    expect(label('10')).toEqual([0]);
    expect(refused(() => label('CAT'))).toContain('"Cat" (3), "cat" (5)');
    expect(classNamed('Paris, France', alike)).toBe(4);
    expect(classNamed('all', alike)).toBe(7);
    expect(refused(() => classNamed('2,3', alike))).toContain('"2,3"');
  });

  test('that do not exist are refused with the names that do', () => {
    expect(refused(() => classList('birds', classes))).toContain('Cats, Dogs');
    expect(refused(() => classList('3', classes))).toContain('"3"');
    expect(refused(() => classList('all', []))).toContain('without classes');
    const many = Array.from({ length: 1000 }, (_, i) => `n${i}`);
    // A picture each of a thousand classes: no list is joined in more ways than names have commas.
    expect(classList(many.join(','), many)).toEqual(many.map((_, label) => label));
    expect(refused(() => classList('x', many))).toContain('n19 and 980 more.');
  });
});

describe('settings', () => {
  test('replace single values of a preset', () => {
    const config = configFrom('demo', [
      'training.learningRate=0.005',
      'network.channelMult=[1,2]',
      'training.microBatch=8',
    ]);
    expect(config.training).toMatchObject({ learningRate: 0.005, microBatch: 8, batchSize: 32 });
    expect(config.network.channelMult).toEqual([1, 2]);
    expect(configFrom('demo', []).training.learningRate).toBe(0.01);
  });

  test('settings are found by the names of earlier versions, too', () => {
    const earlier = ['training.emaStds=[0.05,0.2]', 'grid.emaStd=0.2', 'network.ladder.weightNorm=on-use'];
    const { training, grid, network } = configFrom('demo', earlier);
    expect([training.sigmaRels, grid.sigmaRel, network.switches.weightNorm]).toEqual([[0.05, 0.2], 0.2, 'on-use']);
  });

  test.each([
    ['training.learningRte=1', 'learningRte'],
    ['learningRate=1', 'learningRate'],
    ['training=1', 'training'],
    ['training.learningRate', 'NAME=VALUE'],
    ['=1', 'NAME=VALUE'],
    ['training.learningRate=fast', 'training.learningRate'],
    ['training.learningRate=7', 'training.learningRate'],
    ['training.microBatch=7', 'multiple'],
    ['__proto__.polluted=1', '__proto__'],
    ['training.constructor=1', 'constructor'],
    ['grid.sigmaRel=0.2', 'σ_rel 0.2'],
  ])('"%s" is refused and named', (setting, named) => {
    expect(refused(() => configFrom('demo', [setting]))).toContain(named);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('an unknown preset is refused with the names of the known ones', () => {
    expect(refused(() => configFrom('huge', []))).toContain('demo, small');
  });
});

test('an engine is graph or eager', () => {
  expect(engineNamed('eager')).toBe('eager');
  expect(refused(() => engineNamed('steam'))).toContain('"steam"');
});

describe('runs', () => {
  const runs = [
    { id: 1, name: 'a' },
    { id: 2, name: 'b' },
    { id: 3, name: 'b' },
    { id: 4, name: '1' },
  ] as RunSummary[];

  test('are found by name before they are found by id', () => {
    expect(findRun('a', runs).id).toBe(1);
    expect(findRun('2', runs).id).toBe(2);
    expect(findRun('1', runs).id).toBe(4);
  });

  test('are found by the exact name before others, however it is composed', () => {
    const alike = [
      { id: 1, name: 'Cat' },
      { id: 2, name: 'cat' },
      { id: 3, name: 'U\u0308bung' },
    ] as RunSummary[];
    expect(['Cat', 'cat', '\u00dcbung', '\u00fcbung'].map((name) => findRun(name, alike).id)).toEqual([1, 2, 3, 3]);
    expect(refused(() => findRun('CAT', alike))).toContain('1, 2');
  });

  test('of a shared or unknown name are refused', () => {
    expect(refused(() => findRun('b', runs))).toContain('2, 3');
    expect(refused(() => findRun('c', runs))).toContain('a (1)');
    expect(refused(() => findRun('c', []))).toContain('none yet');
  });
});
