import { expect, test } from 'vitest';
import { planNetwork } from '../../../../contract/architecture.ts';
import { findPreset } from '../../../../contract/presets.ts';
import type { TrainingConfig } from '../../../../contract/training.ts';
import { advice } from '../../../../renderer/pages/new-run/advice.ts';
import { exampleDataset } from '../../support/examples.ts';

const { config } = findPreset('small')!;
const plan = planNetwork(config.network, { resolution: 32, channels: 3, labelDim: 9 });
const wordsFor = (training: Partial<TrainingConfig>): string =>
  advice({ ...config, training: { ...config.training, ...training } }, exampleDataset(), plan).join(' ');

test('half precision with a large batch is told a loss scaling; others, and those that have one, are not', () => {
  expect(wordsFor({ precision: 'fp16', batchSize: 2048 })).toContain('loss scaling 64');
  expect(wordsFor({ precision: 'fp16', batchSize: 128 })).not.toContain('loss scaling');
  expect(wordsFor({ precision: 'fp16', batchSize: 2048, lossScaling: 64 })).not.toContain('loss scaling');
  expect(wordsFor({ precision: 'bf16', batchSize: 2048 })).not.toContain('loss scaling');
});

test('validation that is dear, or that a small dataset does not allow, is told', () => {
  const words = (validationImages: number, count = 3781): string =>
    advice({ ...config, logging: { ...config.logging, validationImages } }, exampleDataset({ count }), plan).join(' ');
  // 64 pictures, as many beside them, three networks, a third of a step each: 128 images of every 1,000.
  expect(words(1000)).toContain('Validation takes about 13 % of the time of training');
  expect(words(4096)).not.toContain('alidat');
  expect(words(4096, 9)).toContain('too few pictures to hold any out');
  expect(words(0, 9)).not.toContain('alidat');
});
