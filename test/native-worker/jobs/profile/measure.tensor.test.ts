import { describe, expect, test } from 'vitest';
import { planNetwork, weightNames } from '../../../../contract/architecture.ts';
import { findPreset } from '../../../../contract/presets.ts';
import { opKinds, Profile } from '../../../../contract/profile.ts';
import type { ProfileSubject } from '../../../../contract/profile-process.ts';
import { RunConfig } from '../../../../contract/training.ts';
import { readTrace, type TracedOp } from '../../../../native-worker/engine/trace/traced-ops.ts';
import { measureStep, type MeasuredStep } from '../../../../native-worker/jobs/profile/measure.ts';
import { openStep } from '../../../../native-worker/jobs/profile/subject.ts';
import { kindOf } from '../../../../native-worker/programs/profile/op-kinds.ts';
import { readTraceFile, rowsOf } from '../../../support/trace-file.ts';

const demo = findPreset('demo')!.config;

function subject(
  work: ProfileSubject['work'],
  training: { microBatch?: number; precision?: string } = {},
): ProfileSubject {
  return {
    work,
    config: RunConfig.parse({
      ...demo,
      network: { ...demo.network, modelChannels: 8, channelMult: [1, 2], attnResolutions: [4], channelsPerHead: 8 },
      training: { ...demo.training, batchSize: 4, ...training },
      grid: { ...demo.grid, sampler: { ...demo.grid.sampler, steps: 2 } },
    }),
    shape: { resolution: 8, channels: 3, labelDim: 2 },
  };
}

/** Ops of the step once it has run twice, as TensorFlow computes it then. */
async function tracedOps(step: MeasuredStep): Promise<TracedOp[]> {
  await step.take();
  await step.take();
  const runs = await step.trace(step.take);
  return runs.flatMap(({ metadata }) => [...readTrace(metadata).ops]);
}

/** Of each layer with weights, how many convolutions or products it computed with them. */
function bigOpsOf(ops: readonly TracedOp[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { op, part, layer } of ops) {
    if (layer === null || !['convolution', 'products'].includes(kindOf(op, part))) continue;
    found.set(layer, (found.get(layer) ?? 0) + 1);
  }
  return found;
}

const { config, shape } = subject('training');
/** The conditions of all blocks are one product. */
const layers = [
  'conditions',
  ...weightNames(planNetwork(config.network, shape)).filter((name) => !name.endsWith('.emb_linear')),
];

describe('a traced training step', () => {
  test('names every layer with weights three times a side: forward, gradient of its input, gradient of its weights', async () => {
    const step = await openStep(subject('training'));
    const found = bigOpsOf(await tracedOps(step));
    // Nobody wants the gradients of what is fed: pictures, classes and noise levels.
    const first = ['unet.enc.8x8_conv', 'unet.emb_noise', 'unet.emb_label', 'logvar_linear'];
    const expected = layers.map((layer) => [layer, step.sides * (first.includes(layer) ? 2 : 3)]);
    expect(layers.map((layer) => [layer, found.get(layer)])).toEqual(expected);
  });

  test('leaves no op of the network without a layer', async () => {
    const ops = await tracedOps(await openStep(subject('training')));
    const lost = ops.filter(({ op, part, layer }) => layer === null && kindOf(op, part) !== 'other');
    // Pictures become numbers, and what is fed is copied, before any layer.
    expect(new Set(lost.map(({ op }) => op))).toEqual(new Set(['Cast', 'DeepCopy', 'GatherV2', 'Identity']));
  });

  test('in micro-batches is all of their runs and the one that applies them', async () => {
    const runs = await (await openStep(subject('training', { microBatch: 2 }))).trace(() => Promise.resolve());
    expect(runs).toEqual([]);
    const step = await openStep(subject('training', { microBatch: 2 }));
    expect((await step.trace(step.take)).map(({ entry }) => entry)).toEqual(['accumulate', 'accumulate', 'apply']);
  });
});

test('a step of preset small runs fewer than 3,000 ops, where it goes through the network as a whole', async () => {
  const { config, resolution } = findPreset('small')!;
  const small = { ...config, training: { ...config.training, batchSize: 1, microBatch: null } }; // one picture has no halves
  const step = await openStep({ work: 'training', config: small, shape: { resolution, channels: 3, labelDim: 10 } });
  expect((await tracedOps(step)).length).toBeLessThan(3000);
});

test('a traced evaluation names every layer with weights once a side, and prepares none', async () => {
  const step = await openStep(subject('sampling'));
  const ops = await tracedOps(step);
  const found = bigOpsOf(ops);
  const drawing = layers.filter((layer) => layer !== 'logvar_linear');
  expect(drawing.map((layer) => [layer, found.get(layer)])).toEqual(
    drawing.map((layer) => [layer, layer === 'unet.emb_noise' ? 1 : step.sides]), // the noise level is that of all
  );
  expect(ops.filter(({ part }) => part === 'weights' || part === 'optimiser')).toEqual([]);
});

test.each([
  ['training', { microBatch: 2 }],
  ['training', { precision: 'bf16' }],
  ['sampling', {}],
] as const)('a profile of %s with %o adds up, and its trace is one that Perfetto opens', async (work, training) => {
  const shares: number[] = [];
  const step = await openStep(subject(work, training));
  const { profile, trace } = await measureStep(step, 'a device', ({ done, total }) => shares.push(done / total));
  expect(Profile.parse(profile)).toEqual(profile);
  expect(profile).toMatchObject({ work, images: 4, sides: 2, device: 'a device' });
  const kinds = opKinds.map((kind) => profile.kinds[kind]);
  expect(kinds.reduce((sum, { ops }) => sum + ops, 0)).toBe(profile.ops);
  expect(profile.kinds.convolution.ops).toBeGreaterThan(10);
  expect(profile.slowest.map(({ milliseconds }) => milliseconds)).toEqual(
    profile.slowest.map(({ milliseconds }) => milliseconds).sort((a, b) => b - a),
  );
  expect(profile.peakBytes).toBeGreaterThan(4 * 8 * 8 * 8 * 4); // more than one activation
  const { complete } = readTraceFile(trace);
  expect(complete.filter(({ cat }) => cat !== 'run')).toHaveLength(profile.ops);
  const events = rowsOf(complete).flatMap(({ events }) => events);
  const time = events.filter(({ cat }) => cat !== 'run').reduce((sum, { dur }) => sum + dur, 0);
  expect(time / 1000).toBeCloseTo(
    kinds.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
    6,
  );
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
});
