import { expect, test } from 'vitest';
import { planNetwork } from '../../contract/architecture.ts';
import {
  checkMemory,
  largestMicroBatch,
  memoryAdvice,
  memoryProblem,
  type TrainingMemory,
} from '../../contract/memory-advice.ts';
import { estimateMemory } from '../../contract/memory.ts';
import { findPreset } from '../../contract/presets.ts';

const { network, training: demo } = findPreset('demo')!.config;
const plan = planNetwork(network, { resolution: 32, channels: 3, labelDim: 9 });
const training = { ...demo, batchSize: 24, microBatch: null };
const needs = (microBatch: number): number => estimateMemory(plan, { ...training, microBatch }).total;
const has = (bytes: number, freeBytes: number | null = null): TrainingMemory => ({
  ...{ device: 'this machine', bytes, freeBytes },
});

test('the largest micro-batch that fits divides the batch', () => {
  expect(largestMicroBatch(plan, training, needs(12))).toBe(12);
  expect(largestMicroBatch(plan, training, needs(11))).toBe(8); // 9, 10 and 11 do not divide 24
  expect(largestMicroBatch(plan, training, needs(24))).toBe(24);
  expect(largestMicroBatch(plan, training, needs(1) - 1)).toBeNull();
});

test('what failed already is not advised, whatever the estimate says', () => {
  expect(largestMicroBatch(plan, training, null, 24)).toBe(12);
  expect(largestMicroBatch(plan, training, 1e15, 6)).toBe(4);
  expect(largestMicroBatch(plan, training, null, 1)).toBeNull();
});

test('a run that fits has no problem, and one that does not is told what would', () => {
  expect(memoryProblem(plan, training, has(needs(24)))).toBeNull();
  const problem = memoryProblem(plan, training, has(needs(8)))!;
  expect(problem).toMatch(/^Training with 24 pictures at once takes about \d\.\d GB, and this machine has \d\.\d GB\./);
  expect(problem).toMatch(/Micro-batch 8 would fit \(about \d\.\d GB of \d\.\d GB\) and gives the same result\.$/);
  expect(() => checkMemory(plan, training, has(needs(8)))).toThrow(expect.objectContaining({ code: 'out-of-memory' }));
});

test('on a card counts what other programs leave', () => {
  expect(memoryProblem(plan, training, has(needs(24), needs(24)))).toBeNull();
  const problem = memoryProblem(plan, training, { device: 'NVIDIA T4', bytes: 16e9, freeBytes: needs(8) })!;
  expect(problem).toMatch(
    /takes about \d\.\d GB, and of the 16\.0 GB of NVIDIA T4 other programs leave \d\.\d GB\. End/,
  );
  expect(problem).toMatch(/Micro-batch 8 would fit \(about (\d\.\d) GB of \1 GB\)/);
});

test('where no micro-batch fits, the network is too large', () => {
  expect(memoryAdvice(plan, training, 1e6)).toBe('Not even micro-batch 1 would fit: use a smaller network.');
  expect(memoryAdvice(plan, { ...training, microBatch: 1 }, 1e15, 1)).not.toContain('icro-batch');
});

test('after a run was killed that was thought to fit no promise is made, and nothing as large is named', () => {
  for (const killed of [24, 12, 8, 6, 4, 3, 2]) {
    const advice = memoryAdvice(plan, { ...training, microBatch: killed }, 1e15, killed);
    const named = Number(
      /^Micro-batch (\d+) takes less \(about \d\.\d GB\) and gives the same result\.$/.exec(advice)?.[1],
    );
    expect(named).toBeLessThan(killed);
  }
});
