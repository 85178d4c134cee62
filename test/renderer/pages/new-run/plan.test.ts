import { expect, test } from 'vitest';
import { findPreset } from '../../../../contract/presets.ts';
import { estimate, moments } from '../../../../renderer/pages/new-run/estimate.ts';
import reference from '../../../reference/lr-schedule.json';
import { learningRateAt, peakRate, schedulePoints } from '../../../../renderer/pages/new-run/learning-rate.ts';

test('the curve that is drawn is the official schedule', () => {
  for (const row of reference.table) {
    const rate = learningRateAt(row.cur_nimg, {
      learningRate: row.ref_lr,
      decayBatches: row.ref_batches,
      rampUpImages: row.rampup_Mimg * 1e6,
      batchSize: row.batch_size,
    });
    // Both are float64 evaluations of one formula; 1e-12 leaves room for a different order of operations.
    expect(Math.abs(rate - row.lr)).toBeLessThanOrEqual(1e-12 * Math.abs(row.lr));
  }
});

test('no point of the curve is above the peak', () => {
  for (const name of ['demo', 'small', 's']) {
    const { training } = findPreset(name)!.config;
    const highest = Math.max(...schedulePoints(training).map((point) => point.rate));
    expect(highest).toBeLessThanOrEqual(peakRate(training).rate + 1e-15);
    expect(highest).toBeGreaterThan(0.9 * peakRate(training).rate);
  }
});

test('a run shorter than its ramp-up never reaches alpha_ref', () => {
  const { training } = findPreset('demo')!.config;
  expect(peakRate({ ...training, decayBatches: 0, rampUpImages: 70_016 }).rate).toBeCloseTo(
    training.learningRate / 2,
    10,
  );
});

test('something done every 4096 of 10,000 images happens at 4096, 8192 and the end', () => {
  expect(moments(10_000, 4096)).toBe(3);
  expect(moments(8192, 4096)).toBe(2);
  expect(moments(8192, 0)).toBe(1);
});

test('disk space follows from parameters, plan and two averages', () => {
  const { config } = findPreset('demo')!;
  const planned = estimate(config, 1_000_000);
  expect(planned.weightsBytes).toBe(4_000_000);
  expect(planned.snapshots).toBe(9);
  expect(planned.snapshotBytes).toBe(9 * 2 * 4_000_000);
});
