import { fromBinary } from '@bufbuild/protobuf';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import type { BenchSubject } from '../../../contract/bench.ts';
import { rungNames, rungs } from '../../../contract/ladder.ts';
import type { Precision } from '../../../contract/precision.ts';
import { findPreset } from '../../../contract/presets.ts';
import { RunConfig } from '../../../contract/training.ts';
import { DataType, GraphDefSchema, type NodeDef } from '../../../native-worker/engine/proto/tensorflow_pb.js';
import { readDeviceCode } from '../../../native-worker/engine/runtime/device-code.ts';
import { openSampler, openTraining } from '../../../native-worker/jobs/bench/subject.ts';
import { prepareTask } from '../../../native-worker/jobs/bench/tasks.ts';
import { ToySession } from '../../../native-worker/jobs/toy/network.ts';

/**
 * An op without a kernel for cards would be computed on the processor, without a word. What TensorFlow's library for cards
 * has is in runtime/cuda12.device.json; here it is compared with what is recorded, as a card would be given it.
 */

const graphs: Uint8Array[] = vi.hoisted(() => []);
vi.mock(import('../../../native-worker/engine/recording/program.ts'), async (original) => {
  const module = await original();
  const recordProgram: typeof module.recordProgram = (spec) => {
    const program = module.recordProgram(spec);
    graphs.push(program.graph);
    return program;
  };
  return { ...module, recordProgram };
});
vi.mock(import('../../../native-worker/engine/precision.ts'), async (original) => {
  const { reducedTypeOf } = await original();
  return { reducedTypeOf: (precision) => reducedTypeOf(precision, true) };
});

const cache = mkdtempSync(join(tmpdir(), 'edm2-device-kernels-')); // else programs come recorded already
process.env.EDM2_CACHE = cache;
afterAll(() => rmSync(cache, { recursive: true }));
beforeEach(() => graphs.splice(0));

const { kernels } = readDeviceCode();
const demo = findPreset('demo')!.config;

/** What TensorFlow has no kernel for cards for, because it is no computation. */
const NO_COMPUTATION = ['NoOp', 'Placeholder'];

/** "Op T=FLOAT" of each node without a kernel. */
function withoutKernel(): string[] {
  const nodes = graphs.flatMap((graph) => fromBinary(GraphDefSchema, graph).node);
  expect(nodes.length).toBeGreaterThan(10);
  return [...new Set(nodes.flatMap((node) => (hasKernel(node) ? [] : [nameOf(node)])))];
}

function hasKernel({ op, attr }: NodeDef): boolean {
  if (NO_COMPUTATION.includes(op)) return true;
  return (kernels[op] ?? []).some((kernel) =>
    Object.entries(kernel).every(([name, types]) => types.length === 0 || types.includes(typeName(attr[name]))),
  );
}

function typeName(value: NodeDef['attr'][string] | undefined): string {
  return value?.value.case === 'type' ? DataType[value.value.value].replace('DT_', '') : '';
}

function nameOf({ op, attr }: NodeDef): string {
  const types = Object.entries(attr).filter(([, { value }]) => value.case === 'type');
  return [op, ...types.map(([name, value]) => `${name}=${typeName(value)}`)].join(' ');
}

function subject(
  rung: (typeof rungNames)[number],
  training: { precision?: Precision; microBatch?: number },
): BenchSubject {
  const { switches, training: changed } = rungs[rung];
  const exponential = changed.averaging === 'exponential';
  return {
    config: RunConfig.parse({
      ...demo,
      network: {
        ...{
          ...demo.network,
          modelChannels: 8,
          channelMult: [1, 2],
          attnResolutions: [4],
          channelsPerHead: 8,
          dropout: 0.1,
        },
        switches,
      },
      training: {
        ...{ ...demo.training, ...changed, sigmaRels: exponential ? [0.1] : [0.05, 0.1] },
        ...{ horizontalFlips: true, batchSize: 4, ...training },
      },
    }),
    shape: { resolution: 8, channels: 3, labelDim: 2 },
  };
}

test.each(rungNames)('every op of training and drawing in config %s has a kernel for cards', async (rung) => {
  for (const precision of ['fp32', 'bf16', 'fp16'] as const) {
    for (const cut of [{}, { microBatch: 2 }]) {
      const { trainer } = await openTraining(subject(rung, { precision, ...cut }));
      trainer.dispose();
    }
    (await openSampler(subject(rung, { precision }))).dispose();
  }
  expect(graphs).toHaveLength(9);
  expect(withoutKernel()).toEqual([]);
});

test('so has every op of devices that share a batch, of the first and of the others', async () => {
  for (const cut of [{}, { microBatch: 1 }]) {
    const { trainer } = await openTraining({ ...subject('G', cut), devices: ['cpu:0', 'cpu:1'] });
    trainer.dispose();
  }
  expect(graphs).toHaveLength(4);
  expect(withoutKernel()).toEqual([]);
});

test('so has every op of the toy, and of the convolutions that are measured alone', async () => {
  await ToySession.open(8, 16, 0);
  await prepareTask('train-convolutions', subject('G', {}));
  expect(graphs).toHaveLength(2);
  expect(withoutKernel()).toEqual([]);
});

test('an op that only processors have is named', () => {
  expect(hasKernel({ op: 'Unique', attr: {} } as NodeDef)).toBe(false);
  const half = { op: 'Conv2D', attr: { T: { value: { case: 'type', value: DataType.DT_STRING } } } };
  expect(hasKernel(half as unknown as NodeDef)).toBe(false);
});
