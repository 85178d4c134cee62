import { isCard } from '../../../contract/devices.ts';
import { bytes } from '../../../contract/units.ts';
import { table, threeDigits } from '../words.ts';
import type { DevicesResult } from './devices.ts';
import type { BenchResult, Speed } from './measure.ts';
import type { PartsResult, StepInUse } from './parts.ts';
import type { Timing } from './rounds.ts';

/** Seconds with the smallest and the largest: "0.512 s (0.508–0.530)". */
export function spread({ median, min, max }: Timing): string {
  return `${threeDigits(median)} s (${threeDigits(min)}–${threeDigits(max)})`;
}

/** What a measurement found, as a table and sentences. */
export function benchWords({ batch, steps, evaluations, train, sample, quiet }: BenchResult): string {
  const row = (name: string, speed: Speed): string[] => [
    name,
    spread(speed.time),
    threeDigits(speed.imagesPerSecond),
    threeDigits(speed.gflopPerSecond),
    spread(speed.convolutions),
    `${Math.round(100 * speed.share)} %`,
    bytes(speed.peakBytes),
  ];
  return [
    table(
      ['', 'time (min–max)', 'img/s', 'GFLOP/s', 'convolutions alone', 'share', 'peak memory'],
      [row(`training step, batch ${batch}`, train), row(`drawing ${batch} in ${steps} steps`, sample)],
      [2, 3, 5, 6],
    ),
    `Drawing takes ${evaluations} evaluations of the network. A share of 100 % would mean that a network takes no longer ` +
      'than its convolutions.',
    quietWords(quiet),
  ].join('\n\n');
}

/** What micro-batches cost and save, as a table and sentences. */
export function partsWords({
  batch,
  microBatch,
  cut,
  whole,
  alone,
  speedRatio,
  peakRatio,
  quiet,
}: PartsResult): string {
  const row = (name: string, step: StepInUse): string[] => [
    name,
    spread(step.time),
    threeDigits(step.imagesPerSecond),
    bytes(step.peakBytes),
  ];
  const rows = [row(`batch ${batch} in micro-batches of ${microBatch}`, cut), row(`batch ${microBatch}`, alone)];
  if (whole !== null) rows.push(row(`batch ${batch} at once`, whole));
  const speed =
    speedRatio === null
      ? `Batch ${batch} at once would not fit into this machine's memory.`
      : `In micro-batches the speed is ${threeDigits(speedRatio)} of that of the batch at once.`;
  return [
    table(['training step', 'time (min–max)', 'img/s', 'peak memory'], rows, [2, 3]),
    `${speed} Peak memory is ${threeDigits(peakRatio)} times that of a batch of ${microBatch}.`,
    quietWords(quiet),
  ].join('\n\n');
}

/** What several devices gain, as a table and a sentence. */
export function devicesWords({ devices, batch, shared, alone, speedRatio, quiet }: DevicesResult): string {
  const cards = devices.some(isCard);
  const row = (name: string, step: StepInUse): string[] => [
    name,
    spread(step.time),
    threeDigits(step.imagesPerSecond),
    bytes(step.peakBytes),
  ];
  const one = cards ? devices[0]! : 'the processor as a whole';
  const share = cards
    ? `, ${threeDigits((100 * speedRatio) / devices.length)} % of ${devices.length} times as fast`
    : '';
  return [
    table(
      ['training step', 'time (min–max)', 'img/s', 'peak memory'],
      [row(`batch ${batch} on ${devices.join(', ')}`, shared), row(`batch ${batch} on ${one}`, alone)],
      [2, 3],
    ),
    `${devices.length} devices train ${threeDigits(speedRatio)} times as fast as ${one}${share}.`,
    quietWords(quiet),
  ].join('\n\n');
}

/** Whether the figures can be relied on. */
export function quietWords(quiet: boolean | null): string {
  if (quiet === null) return 'Whether other programs disturbed this, this system does not tell.';
  return quiet
    ? 'The machine was quiet: medians are over turns in which other programs took less than 5 % of it.'
    : 'The machine was NOT quiet: medians are over the faster half of the turns. Measure again when nothing else runs.';
}
