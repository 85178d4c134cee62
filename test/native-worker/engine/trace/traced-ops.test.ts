import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import {
  type AllocatorMemoryUsed,
  AllocatorMemoryUsedSchema,
  DataType,
  type DeviceStepStats,
  DeviceStepStatsSchema,
  type NodeExecStats,
  NodeExecStatsSchema,
  RunMetadataSchema,
  type RunMetadata,
} from '../../../../native-worker/engine/proto/tensorflow_pb.js';
import { readTrace } from '../../../../native-worker/engine/trace/traced-ops.ts';

const SCOPE = 'network/unet.out_conv';

/** An op as TensorFlow's executor notes it. @param start, length in nanoseconds */
function op(
  node: string,
  operation: string,
  start: number,
  length: number,
  memory?: Partial<AllocatorMemoryUsed>,
): NodeExecStats {
  return create(NodeExecStatsSchema, {
    nodeName: node,
    timelineLabel: `${memory === undefined ? '' : '[mklcpu 4.0MB 4.0MB] '}${node} = ${operation}(a, b)`,
    allStartMicros: 1_000_000n,
    allStartNanos: 1_000_000_000n + BigInt(start),
    opStartRelNanos: 100n,
    opEndRelNanos: BigInt(100 + length),
    output: [
      {
        slot: 0,
        tensorDescription: { dtype: DataType.DT_FLOAT, shape: { dim: [{ size: 4n }, { size: 8n }] } },
      },
    ],
    memory:
      memory === undefined ? [] : [create(AllocatorMemoryUsedSchema, { allocatorName: 'mklcpu', ...memory } as never)],
  });
}

/** A kernel or copy as the profiler of a card notes it. */
function kernel(name: string, label: string, start: number, micros: number): NodeExecStats {
  return create(NodeExecStatsSchema, {
    nodeName: name,
    timelineLabel: label,
    allStartMicros: BigInt(1_000_000 + start),
    opEndRelMicros: BigInt(micros),
    allEndRelMicros: BigInt(micros),
  });
}

function metadata(devices: Record<string, NodeExecStats[]>): RunMetadata {
  const devStats = Object.entries(devices).map(([device, nodeStats]): DeviceStepStats =>
    create(DeviceStepStatsSchema, { device, nodeStats }),
  );
  return create(RunMetadataSchema, { stepStats: { devStats } });
}

const HOST = '/job:localhost/replica:0/task:0/device:';

test('on the CPU an op is what it is called, whoever computes it, with its layer, its output and its time', () => {
  const { ops, events, peakBytes } = readTrace(
    metadata({
      [`${HOST}CPU:0`]: [
        op(`${SCOPE}/Conv2D_1`, '_MklNativeFusedConv2D', 0, 2500, {
          allocatorBytesInUse: 900n,
          peakBytes: 300n,
          liveBytes: 100n,
        }),
        op('Const_2', 'Const', 3000, 200),
      ],
    }),
  );
  expect(ops).toEqual([
    {
      ...{ node: `${SCOPE}/Conv2D_1`, op: 'Conv2D', part: 'network', layer: 'unet.out_conv' },
      ...{ microseconds: 2.5, output: 'float32 [4,8]', isOp: true },
    },
    expect.objectContaining({ op: 'Const', part: null, layer: null, microseconds: 0.2 }),
  ]);
  expect(events.map(({ place, start, kernel }) => ({ place, start, kernel }))).toEqual([
    { place: 'CPU:0', start: 1_000_000_100n, kernel: null },
    { place: 'CPU:0', start: 1_000_003_100n, kernel: null },
  ]);
  // What the op gave back before it ended had been there.
  expect(peakBytes).toBe(900 + 300 - 100);
});

test('where TensorFlow tells no memory, there is none', () => {
  expect(readTrace(metadata({ [`${HOST}CPU:0`]: [op('a', 'Mul', 0, 1)] })).peakBytes).toBe(null);
});

test('on a card the time of an op is that of its kernels and copies, once, and that of asking for them is none', () => {
  const gemm = kernel(`${SCOPE}/Conv2D_1:_FusedConv2D`, 'sm80_xmma_fprop regs:254', 40, 300);
  const bias = kernel(`${SCOPE}/Conv2D_1:_FusedConv2D`, 'bias_kernel regs:16', 340, 20);
  const copy = kernel('images/DeepCopy_3:DeepCopy', 'MemcpyD2D kind:…', 10, 7);
  const stray = kernel('cub::DeviceReduceKernel<float>', 'cub::DeviceReduceKernel<float> regs:8', 400, 5);
  const { ops, events } = readTrace(
    metadata({
      [`${HOST}GPU:0`]: [
        op(`${SCOPE}/Conv2D_1`, '_FusedConv2D', 0, 15_000),
        op('images/DeepCopy_3', 'DeepCopy', 0, 4_000),
        op(`${SCOPE}/Reshape_4`, 'Reshape', 0, 2_000),
      ],
      [`${HOST}CPU:0`]: [op('train/seed/noise', 'Placeholder', 0, 1_000)],
      '/device:GPU:0/stream:7': [gemm, bias, stray],
      '/device:GPU:0/stream:all': [gemm, bias, stray],
      '/device:GPU:0/stream:14<MemcpyD2D>': [copy],
      '/device:GPU:0/memcpy': [copy],
      '/device:GPU:0/sync': [kernel('cuStreamSynchronize', 'ThreadId 4', 0, 900)],
    }),
  );
  expect(ops.map(({ op, layer, microseconds, isOp }) => [op, layer, microseconds, isOp])).toEqual([
    ['Conv2D', 'unet.out_conv', 320, true],
    ['DeepCopy', null, 7, true],
    ['Reshape', 'unet.out_conv', 0, true], // nothing ran for it
    ['Placeholder', null, 1, true], // on the CPU beside the card
    ['cub::DeviceReduceKernel<float>', null, 5, false],
  ]);
  const places = events.map(({ place }) => place);
  expect(new Set(places)).toEqual(new Set(['GPU:0', 'CPU:0', 'GPU:0 stream:all', 'GPU:0 memcpy']));
  expect(events.find(({ kernel }) => kernel === 'sm80_xmma_fprop')).toMatchObject({
    ...{ op: 'Conv2D', layer: 'unet.out_conv', start: 1_000_040_000n, microseconds: 300 },
  });
});

test('without a trace of the card, an op there has the time that it took to ask for it', () => {
  const { ops } = readTrace(metadata({ [`${HOST}GPU:0`]: [op('a', 'Mul', 0, 2_000)] }));
  expect(ops).toMatchObject([{ op: 'Mul', microseconds: 2 }]);
});
