import { expect, test } from 'vitest';
import type { DynamicsTable } from '../../../../contract/dynamics-table.ts';
import { magnitudeSummary } from '../../../../renderer/lib/run/magnitude-summary.ts';

test('a cell without a number is a noise level without images, and of layers one that is not finite', () => {
  const table = { layers: ['0.1', '1'], nimg: [512], values: [[0.25], [null]] };
  const of = (kind: DynamicsTable['kind']) => magnitudeSummary({ ...table, kind }, 0);
  expect(of('noise-error')).toBe('At 512 images: 0.250 (0.1) to 0.250 (0.1) over 2 noise levels; 1 without images.');
  expect(of('weight')).toBe('At 512 images: 0.250 (0.1) to 0.250 (0.1) over 2 layers; 1 not finite.');
  expect(magnitudeSummary({ ...table, kind: 'noise-error', values: [[null], [null]] }, 0)).toBe(
    'At 512 images: all without images.',
  );
});
