import type { BenchSubject } from '../../../contract/bench.ts';
import { countOperations, totalOperations } from '../../../contract/operations.ts';
import { planNetwork } from '../../../contract/architecture.ts';
import { alternate, type RoundOptions, type Timing } from '../../../native-worker/cli/bench/rounds.ts';
import { startWorker } from '../../../native-worker/cli/bench/worker.ts';
import { threeDigits } from '../../../native-worker/cli/words.ts';
import { subjectOf } from './comparisons.ts';
import { markdown } from './report.ts';

/** One setting of the network of the comparison, changed. */
interface Point {
  readonly batch: number;
  readonly resolution: number;
  readonly width: number;
}

export interface Swept extends Point {
  /** Multiply-adds of one evaluation for one picture. */
  readonly multiplyAdds: number;
  /** An optimiser step, seconds. */
  readonly train: Timing;
  /** Drawing a batch with `EVALUATIONS` evaluations of the network, seconds. */
  readonly sample: Timing;
}

const usual: Point = { batch: 16, resolution: 32, width: 64 };

/** Each setting in turn, the others as they are. */
const points: readonly Point[] = [
  ...[1, 2, 4, 8, 16, 32, 64].map((batch) => ({ ...usual, batch })),
  ...[16, 64].map((resolution) => ({ ...usual, resolution })),
  ...[32, 96, 128, 192].map((width) => ({ ...usual, width })),
];

/** Fewest that Heun's method allows: the time of one evaluation is wanted. */
const STEPS = 2;
const EVALUATIONS = 2 * STEPS - 1;

/** How time goes with batch, resolution and width; float32. */
export async function sweep(
  threads: number,
  options: RoundOptions,
  onPoint: (done: number, all: number, swept: Swept) => void,
): Promise<Swept[]> {
  const all: Swept[] = [];
  for (const point of points) {
    const subject = subjectAt(point);
    const multiplyAdds = totalOperations(countOperations(planNetwork(subject.config.network, subject.shape))).total;
    const train = await timeOf(subject, 'train', threads, options);
    const sample = await timeOf(subject, 'sample', threads, options);
    all.push({ ...point, multiplyAdds, train, sample });
    onPoint(all.length, points.length, all.at(-1)!);
  }
  return all;
}

function subjectAt({ batch, resolution, width }: Point): BenchSubject {
  const { config, shape } = subjectOf('fp32');
  return {
    config: {
      ...config,
      network: { ...config.network, modelChannels: width },
      training: { ...config.training, batchSize: batch },
      grid: { ...config.grid, sampler: { ...config.grid.sampler, steps: STEPS } },
    },
    shape: { ...shape, resolution },
  };
}

async function timeOf(
  subject: BenchSubject,
  task: 'train' | 'sample',
  threads: number,
  options: RoundOptions,
): Promise<Timing> {
  const contender = await startWorker(subject, threads);
  try {
    const [timing] = await alternate([{ contender, task }], options);
    return timing!;
  } finally {
    await contender.close();
  }
}

/** The sweep as a table, times per image. */
export function sweepTable(swept: readonly Swept[]): string {
  const rows = swept.map(({ batch, resolution, width, multiplyAdds, train, sample }) => {
    const gflop = (2 * multiplyAdds) / 1e9;
    const trainSeconds = train.median / batch;
    const evaluationSeconds = sample.median / batch / EVALUATIONS;
    return [
      String(batch),
      `${resolution}×${resolution}`,
      String(width),
      threeDigits(3 * gflop),
      threeDigits(1000 * trainSeconds),
      threeDigits((3 * gflop) / trainSeconds),
      threeDigits(1000 * evaluationSeconds),
      threeDigits(gflop / evaluationSeconds),
    ];
  });
  return markdown(
    [
      'batch',
      'resolution',
      'channels',
      'GFLOP a training image',
      'training, ms an image',
      'GFLOP/s',
      'one evaluation in sampling, ms an image',
      'GFLOP/s',
    ],
    rows,
  );
}
