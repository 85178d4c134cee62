import { expect, test } from 'vitest';
import { traceFile } from '../../../../native-worker/programs/profile/trace-file.ts';
import type { TracedEvent } from '../../../../native-worker/engine/trace/traced-ops.ts';
import { readTraceFile, rowsOf } from '../../../support/trace-file.ts';

/** A time of day, nanoseconds: as a number it would be rounded to 256 of them. */
const CLOCK = 1_795_875_222_158_525_001n;

const event = (place: string, op: string, micros: number, microseconds: number): TracedEvent => ({
  ...{ node: `network/unet.out_conv/${op}_1`, op, part: 'network', layer: 'unet.out_conv', kernel: null },
  ...{ output: 'float32 [4,8]', place, start: CLOCK + BigInt(micros) * 1000n, microseconds },
});

const parts = [
  {
    entry: 'accumulate',
    events: [
      event('CPU:0', 'Conv2D', 0, 30),
      event('CPU:0', 'Mul', 10, 5), // beside the convolution
      event('CPU:0', 'Add', 30, 5),
      event('GPU:0 stream:all', 'Mul', 12, 40),
    ],
  },
  { entry: 'apply', events: [event('CPU:0', 'ResourceApplyAdam', 100, 7)] },
];

test('every event is there once, with what it computed, and the step begins at 0', () => {
  const { complete } = readTraceFile(traceFile(parts));
  const ops = complete.filter(({ cat }) => cat !== 'run');
  expect(ops).toHaveLength(5);
  expect(Math.min(...complete.map(({ ts }) => ts))).toBe(0);
  expect(ops[0]).toMatchObject({
    ...{ name: 'unet.out_conv Conv2D', cat: 'convolution', ts: 0, dur: 30 },
    args: { layer: 'unet.out_conv', op: 'Conv2D', node: 'network/unet.out_conv/Conv2D_1', output: 'float32 [4,8]' },
  });
});

test('nothing overlaps within a row, and what ran side by side has rows of its own', () => {
  const { complete, names } = readTraceFile(traceFile(parts));
  const rows = rowsOf(complete);
  expect(rows.map(({ place, events }) => [names.get(place), events.map(({ name }) => name.split(' ').at(-1))])).toEqual(
    [
      ['step / runs', ['accumulate', 'apply']],
      ['CPU:0 / ops, row 1', ['Conv2D', 'Add', 'ResourceApplyAdam']],
      ['CPU:0 / ops, row 2', ['Mul']],
      ['GPU:0 stream:all / ops', ['Mul']],
    ],
  );
});

test('a run has a row of its own from its first op to its last', () => {
  const { complete } = readTraceFile(traceFile(parts));
  expect(complete.filter(({ cat }) => cat === 'run')).toMatchObject([
    { name: 'accumulate', ts: 0, dur: 52 },
    { name: 'apply', ts: 100, dur: 7 },
  ]);
});

test('a step of which nothing was traced is an empty picture', () => {
  expect(readTraceFile(traceFile([{ entry: 'train', events: [] }])).complete).toEqual([]);
});
