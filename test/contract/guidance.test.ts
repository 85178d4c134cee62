import { expect, test } from 'vitest';
import { guideProblem, sameModel } from '../../contract/guidance.ts';

const shape = { resolution: 32, channels: 3, labelDim: 10 };
const main = { name: 'main', shape };
const problem = (guide: Partial<typeof shape>, of = main): string | null =>
  guideProblem(of, { name: 'guide', shape: { ...shape, ...guide } });

test('a network with the same classes guides, and one without classes does', () => {
  expect(problem({})).toBeNull();
  expect(problem({ labelDim: 0 })).toBeNull();
  const unconditional = { name: 'main', shape: { ...shape, labelDim: 0 } };
  expect(problem({ labelDim: 0 }, unconditional)).toBeNull();
});

test('a network for other pictures or other classes does not guide, and the sentence says why', () => {
  expect(problem({ resolution: 64 })).toMatch(/64×64 pictures of 3 channels, not 32×32/);
  expect(problem({ channels: 1 })).toMatch(/32×32 pictures of 1 channel, not 32×32 pictures of 3 channels/);
  expect(problem({ labelDim: 5 })).toMatch(/knows 5 classes, not 10/);
  expect(problem({}, { name: 'main', shape: { ...shape, labelDim: 0 } })).toMatch(/trained with classes/);
});

test('references are the same if they name the same network, whatever the order of their fields', () => {
  const recipe = { kind: 'recipe', runId: 1, nimg: 64, sigmaRel: 0.15 } as const;
  const { sigmaRel, nimg, runId, kind } = recipe;
  expect(sameModel(recipe, { sigmaRel, nimg, runId, kind })).toBe(true);
  expect(sameModel(recipe, { ...recipe, sigmaRel: 0.1 })).toBe(false);
  expect(sameModel({ kind: 'snapshot', snapshotId: 3 }, { kind: 'reconstruction', reconstructionId: 3 })).toBe(false);
});
