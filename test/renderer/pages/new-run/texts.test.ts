import { expect, test } from 'vitest';
import { presets } from '../../../../contract/presets.ts';
import { allFields } from '../../../../renderer/lib/run/config-fields.ts';
import { plain, rangeOf, rangeWords } from '../../../../renderer/pages/new-run/ranges.ts';
import { readText, writeText } from '../../../../renderer/pages/new-run/texts.ts';
import { valueAt } from '../../../../renderer/pages/new-run/draft.svelte.ts';
import { RunConfig } from '../../../../contract/training.ts';

test('a decimal comma is refused with a word about points, not read as thousands', () => {
  expect(readText('0,01', rangeOf('training.learningRate'))).toEqual({
    problem: '“0,01” is not a number; write decimals with a point.',
  });
});

test('an empty field means null where the contract allows it, and is a problem elsewhere', () => {
  expect(readText(' ', rangeOf('training.microBatch'))).toEqual({ value: null });
  expect(readText('', rangeOf('network.attnResolutions'))).toEqual({ value: [] });
  expect(readText('', rangeOf('training.batchSize'))).toEqual({ problem: 'This must not be empty.' });
  expect(readText('', rangeOf('training.sigmaRels'))).toEqual({ problem: 'This must not be empty.' });
});

test('every value of every preset survives being written into its field and read again', () => {
  for (const preset of presets) {
    for (const field of allFields) {
      const range = rangeOf(field.path);
      if (range.type === 'boolean') continue;
      const value = valueAt(preset.config, field.path) as number | number[] | null;
      expect(readText(writeText(value), range), `${preset.name} ${field.path}`).toEqual({ value });
    }
  }
});

// Decided by the rung of the ladder, which is chosen as a whole and not value by value; the precision has a row of its own.
const elsewhere = /^network\.switches\.|^training\.(nonFinite|averaging|averageHalfLife|averageRampUp|precision)$/;

test('the form has a field for every value of the config but those of rung and precision, and no other', () => {
  const leaves: string[] = [];
  const walk = (value: unknown, path: string): void => {
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      for (const [name, inner] of Object.entries(value)) walk(inner, path === '' ? name : `${path}.${name}`);
    } else leaves.push(path);
  };
  walk(RunConfig.parse(presets[0]!.config), '');
  const fields = allFields.map((field) => field.path);
  expect([...fields].sort()).toEqual(
    leaves.filter((path) => path !== 'version' && path !== 'preset' && !elsewhere.test(path)).sort(),
  );
});

test.each([
  ['training.batchSize', '1 to 8,192'],
  ['training.learningRate', 'more than 0, at most 1'],
  ['training.adamBeta1', 'at least 0, less than 1'],
  ['training.sigmaRels', '1 to 8 values, each more than 0, less than 0.2887'],
  ['network.clipAct', 'more than 0'],
  ['logging.snapshotImages', '0 or more'],
  ['network.attnResolutions', 'up to 6 values, each more than 0'],
  ['training.durationImages', '1 to 2⁴⁰'],
])('the range of %s is said as “%s”', (path, words) => {
  expect(rangeWords(rangeOf(path))).toBe(words);
});

test('small numbers keep their exponent and large ones get their commas', () => {
  expect([plain(1e-8), plain(10_000_000), plain(0.1), plain(0)]).toEqual(['1e-8', '10,000,000', '0.1', '0']);
});
