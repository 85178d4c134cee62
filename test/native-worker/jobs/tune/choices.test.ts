import { expect, test } from 'vitest';
import { planNetwork } from '../../../../contract/architecture.ts';
import { estimateMemory } from '../../../../contract/memory.ts';
import type { Precision, PrecisionSupport } from '../../../../contract/precision.ts';
import { findPreset } from '../../../../contract/presets.ts';
import {
  choiceInWords,
  resultOf,
  tuningKey,
  type TuningChoice,
  type TuningResult,
} from '../../../../contract/tuning.ts';
import { nextChoice, spaceOf, type Space } from '../../../../native-worker/jobs/tune/choices.ts';

const { config, resolution } = findPreset('small')!;
const training = { ...config.training, batchSize: 48, microBatch: null };
const subject = { config: { ...config, training }, shape: { resolution, channels: 3, labelDim: 10 } };
const good = (...precisions: Precision[]): PrecisionSupport[] =>
  precisions.map((precision) => ({ precision, status: 'good', reason: '' }));

const usual = { compile: 'none', deterministic: false } as const;

const works = (choice: TuningChoice, imagesPerSecond: number): TuningResult => ({
  choice,
  measured: { imagesPerSecond, firstStepSeconds: 1, hostBytes: 1e9, deviceBytes: null },
  problem: null,
});
const fails = (choice: TuningChoice): TuningResult => ({ choice, measured: null, problem: 'no memory' });

/** All choices in their order, each with the speed that `speedOf` gives it; null: it fails. */
function explored(space: Space, speedOf: (choice: TuningChoice) => number | null): string[] {
  const results: TuningResult[] = [];
  for (let choice = nextChoice(space, results); choice !== null; choice = nextChoice(space, results)) {
    const speed = speedOf(choice);
    results.push(speed === null ? fails(choice) : works(choice, speed));
    expect(results.length).toBeLessThan(50);
  }
  return results.map(({ choice }) => choiceInWords(choice));
}

test('micro-batches are halved where the batch can be cut so, and only those count that are estimated to fit', () => {
  const plan = planNetwork(config.network, subject.shape);
  const needs = (microBatch: number): number => estimateMemory(plan, { ...training, microBatch }).total;
  expect(spaceOf(subject, good('fp32'), null, 2).microBatches).toEqual([48, 24, 12, 6, 3, 1]);
  expect(spaceOf(subject, good('fp32'), needs(16), 2).microBatches).toEqual([12, 6, 3, 1]);
  expect(spaceOf(subject, good('fp32'), 1, 2).microBatches).toEqual([1]); // something must be tried
});

test('devices that share a batch each take a part of their share at once, in the memory that they have or share', () => {
  const on = (devices: string[], capacity: number | null = null): Space =>
    spaceOf({ ...subject, devices }, good('fp32'), capacity, 2);
  expect(on(['gpu:0', 'gpu:1']).microBatches).toEqual([24, 12, 6, 3, 1]);
  expect(on(['gpu:0', 'gpu:1']).asked.microBatch).toBe(24);
  const plan = planNetwork(config.network, subject.shape);
  const needs = (microBatch: number, parts: number): number =>
    estimateMemory(plan, { ...training, microBatch }, parts).total;
  expect(on(['gpu:0', 'gpu:1'], needs(12, 1)).microBatches).toEqual([12, 6, 3, 1]);
  expect(on(['cpu:0', 'cpu:1'], needs(12, 1)).microBatches[0]).toBeLessThan(12);
  expect(on(['cpu:0', 'cpu:1'], needs(12, 2)).microBatches).toEqual([12, 6, 3, 1]);
});

test('on several cards nothing is compiled, whatever the setting: there XLA compiles nothing', () => {
  const usualWay = { compile: 'network', deterministic: false } as const;
  const space = spaceOf({ ...subject, devices: ['gpu:0', 'gpu:1'] }, good('fp32'), null, null, usualWay);
  expect(space.compilations).toEqual(['none']);
  expect(space.asked.compile).toBe('none');
  expect(spaceOf(subject, good('fp32'), null, null, usualWay).compilations).toHaveLength(3);
});

test('figures of several devices are no figures of one', () => {
  const shared = { ...subject, devices: ['gpu:0', 'gpu:1'] };
  expect(tuningKey(shared)).not.toBe(tuningKey(subject));
  expect(tuningKey(shared)).not.toBe(tuningKey({ ...subject, devices: ['gpu:0', 'gpu:2'] }));
});

test('what the device does not do well is not tried, nor half of one thread, nor threads on a GPU', () => {
  const supports = [...good('fp32', 'bf16'), { precision: 'fp16', status: 'slow', reason: '' } as const];
  expect(spaceOf(subject, supports, null, 8)).toMatchObject({ precisions: ['fp32', 'bf16'], threads: [8, 4] });
  expect(spaceOf(subject, supports, null, 1).threads).toEqual([1]);
  expect(spaceOf(subject, supports, null, null).threads).toEqual([null]);
});

test('on a processor: as asked, each precision, then smaller micro-batches and fewer threads of the fastest', () => {
  const space = spaceOf(
    { ...subject, config: { ...config, training: { ...training, microBatch: 16 } } },
    good('fp32', 'bf16'),
    null,
    2,
  );
  const speeds: Record<string, number> = { 'bf16, micro-batch 24, 2 threads': 9 };
  expect(explored(space, (choice) => speeds[choiceInWords(choice)] ?? (choice.precision === 'bf16' ? 8 : 4))).toEqual([
    'fp32, micro-batch 16, 2 threads',
    'fp32, micro-batch 48, 2 threads',
    'bf16, micro-batch 48, 2 threads',
    'bf16, micro-batch 24, 2 threads',
    'bf16, micro-batch 12, 2 threads',
    'bf16, micro-batch 24, 1 thread',
  ]);
});

test('where memory runs out the next smaller micro-batch is tried, for each precision by itself', () => {
  const space = spaceOf(subject, good('fp32', 'bf16'), null, null);
  const fits: Record<Precision, number> = { fp32: 6, tf32: 6, bf16: 12, fp16: 12 };
  const order = explored(space, ({ precision, microBatch }) =>
    microBatch > fits[precision] ? null : 10 - 1 / microBatch,
  );
  expect(order).toEqual([
    ...['fp32, micro-batch 48', 'fp32, micro-batch 24', 'fp32, micro-batch 12', 'fp32, micro-batch 6'],
    ...['bf16, micro-batch 48', 'bf16, micro-batch 24', 'bf16, micro-batch 12'],
    ...['bf16, micro-batch 6', 'bf16, micro-batch 3'],
    ...['bf16, micro-batch 12, compiled in clusters', 'bf16, micro-batch 12, the network compiled'],
    'bf16, micro-batch 12, deterministic',
  ]);
});

test('where nothing works it ends', () => {
  const space = spaceOf(subject, good('fp32'), null, null);
  expect(explored(space, () => null)).toHaveLength(6);
});

test('a result is found by precision, images at once and threads', () => {
  const choice = { precision: 'bf16', microBatch: 48, threads: 2, compile: 'none', deterministic: false } as const;
  const results = [works({ ...choice, threads: 1 }, 9), works(choice, 7), fails({ ...choice, microBatch: 24 })];
  const asked = { ...training, precision: 'bf16' } as const;
  expect(resultOf({ results }, asked, { threads: 2, ...usual })).toBe(results[1]);
  expect(resultOf({ results }, asked, { threads: null, ...usual })).toBe(results[0]);
  expect(resultOf({ results }, { ...asked, microBatch: 24 }, { threads: 2, ...usual })).toBeUndefined();
});
