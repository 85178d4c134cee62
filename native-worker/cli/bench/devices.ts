import type { BenchSubject } from '../../../contract/bench.ts';
import { isCard, type Devices } from '../../../contract/devices.ts';
import { processorInWords } from '../../engine/runtime/processor.ts';
import type { StepInUse } from './parts.ts';
import { allQuiet, alternate, type RoundOptions } from './rounds.ts';
import { startWorker } from './worker.ts';

/** What several devices gain. */
export interface DevicesResult {
  readonly devices: Devices;
  readonly device: string;
  readonly processor: string;
  readonly tensorflow: string;
  readonly batch: number;
  /** A batch that is shared. */
  readonly shared: StepInUse;
  /** The same batch on the first card alone, or on the processor as a whole. */
  readonly alone: StepInUse;
  /** Images a second shared ÷ alone. */
  readonly speedRatio: number;
  readonly quiet: boolean | null;
}

/** Measures training on several devices, in turn with the same batch on one. @param subject names them */
export async function measureDevices(
  subject: BenchSubject & { readonly devices: Devices },
  threads: number | null,
  options: Omit<RoundOptions, 'onTurn'>,
  onProgress: (share: number, words: string) => void,
): Promise<DevicesResult> {
  const { devices, ...rest } = subject;
  const { batchSize } = subject.config.training;
  onProgress(0, 'preparing');
  const one = isCard(devices[0]!) ? { ...rest, devices: devices.slice(0, 1) } : { ...rest, devices: ['cpu:0'] };
  const workers = await Promise.all([subject, one].map((each) => startWorker(each, threads)));
  try {
    const entrants = workers.map((contender) => ({ contender, task: 'train' as const }));
    const times = await alternate(entrants, {
      ...options,
      onTurn: (done, all) => onProgress(done / all, 'training'),
    });
    const [shared, alone] = workers.map(({ peakBytes }, index): StepInUse => {
      const time = times[index]!;
      return { time, imagesPerSecond: batchSize / time.median, peakBytes };
    });
    const { device, tensorflow } = workers[0]!;
    return {
      ...{ devices, device, tensorflow, processor: processorInWords(), batch: batchSize },
      ...{ shared: shared!, alone: alone! },
      speedRatio: shared!.imagesPerSecond / alone!.imagesPerSecond,
      quiet: allQuiet(times),
    };
  } finally {
    for (const worker of workers) await worker.close();
  }
}
