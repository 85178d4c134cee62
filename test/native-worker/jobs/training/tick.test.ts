import { expect, test } from 'vitest';
import { TickMeter } from '../../../../native-worker/jobs/training/tick.ts';

test('what a checkpoint keeps of a tick is of its moment, whatever comes before it is written', () => {
  const meter = new TickMeter();
  meter.add(0, Float32Array.of(1, 2), 0.5);
  const kept = meter.partial();
  meter.add(2, Float32Array.of(3, 4), 0.5);
  expect(kept).toEqual({ losses: [1, 2], seconds: 0.5 });
  // Gone on from there, the tick is what it was to be.
  const resumed = new TickMeter(kept.losses, kept.seconds);
  resumed.add(2, Float32Array.of(3, 4), 0.5);
  expect(resumed.finish()).toEqual(meter.finish());
});
