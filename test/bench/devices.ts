/**
 * `npm run bench:devices`: what it costs and gains to share a batch: training of the 64-channel network on two parts of the
 * processor, a thread and 16 pictures each, in turn with one device of two threads. One device computes a batch in two ways:
 * two halves side by side with one optimiser for both (an even batch), and as a whole, both threads inside each kernel (an odd
 * one, so 33 pictures).
 *
 * And what the network between machines costs: two processes of a thread and 16 pictures each, which add up over TensorFlow's
 * gRPC servers, in turn with one process of a thread and 16 pictures.
 */
import type { BenchSubject, SubjectAcross } from '../../contract/bench.ts';
import { measuredWords, readMeasured } from '../../native-worker/cli/measured-network.ts';
import { quietWords, spread } from '../../native-worker/cli/bench/report.ts';
import { allQuiet, alternate, type Timing } from '../../native-worker/cli/bench/rounds.ts';
import { startWorker } from '../../native-worker/cli/bench/worker.ts';
import type { BenchWorker } from '../../native-worker/system/bench-worker.ts';
import { freePorts, startWorkerProcess, TOKEN } from '../support/worker-process.ts';
import { table, threeDigits } from '../../native-worker/cli/words.ts';
import { processorInWords } from '../../native-worker/engine/runtime/processor.ts';

const measured = (batch: string): ReturnType<typeof readMeasured> =>
  readMeasured({ preset: 'small', channels: '3', classes: '10', batch, precision: 'fp32', set: [] });
const [even, odd] = [measured('32'), measured('33')];

/** Name, what is measured, and how many times as fast two parts are to be. */
const ways: readonly (readonly [string, BenchSubject, number | null])[] = [
  ['32 pictures on two parts, a thread each', { ...even.subject, devices: ['cpu:0', 'cpu:1'] }, null],
  ['33 pictures on one device as a whole', odd.subject, 1],
  ['32 pictures on one device in two halves', even.subject, null],
];

/** One after another, some rounds long. @returns the time of a step of each */
async function stepTimes(contenders: readonly BenchWorker[]): Promise<readonly Timing[]> {
  const entrants = contenders.map((contender) => ({ contender, task: 'train' as const }));
  try {
    return await alternate(entrants, { rounds: 9, limitSeconds: 300, warmUps: 2, turnSeconds: 1 });
  } finally {
    for (const contender of contenders) await contender.close();
  }
}

const times = await stepTimes(await Promise.all(ways.map(([, subject]) => startWorker(subject, 2))));
const speeds = ways.map(([, subject], index) => subject.config.training.batchSize / times[index]!.median);
const rows = ways.map(([name, , atLeast], index) => [
  name,
  spread(times[index]!),
  threeDigits(speeds[index]!),
  index === 0 ? '' : (speeds[0]! / speeds[index]!).toFixed(2),
  atLeast === null ? '' : atLeast.toFixed(1),
]);
const head = ['training step', 'time (min–max)', 'images/s', 'two parts ÷ it', 'at least'];
process.stdout.write(`${processorInWords()}. ${measuredWords(even)}\n\n${table(head, rows, [2, 3, 4])}\n\n`);
process.stdout.write(`${quietWords(allQuiet(times))}\n\n`);

const port = await freePorts(3);
const other = await startWorkerProcess(`127.0.0.1:${port}`);
const across = { listen: `127.0.0.1:${port + 2}`, stepSeconds: null, goOnWithout: false };
const both: SubjectAcross = {
  ...even.subject,
  devices: ['cpu:0', `${other.address}/cpu:0`],
  team: { across, token: TOKEN },
};
const overNetwork = await stepTimes([await startWorker(both, 1), await startWorker(measured('16').subject, 1)]);
other.signal('SIGTERM');
const [two, one] = overNetwork.map((time, index) => (index === 0 ? 32 : 16) / time.median) as [number, number];
const figures = [
  ['32 pictures in two processes over gRPC', spread(overNetwork[0]!), threeDigits(two), '', ''],
  ['16 pictures in one process', spread(overNetwork[1]!), threeDigits(one), (two / (2 * one)).toFixed(2), '0.95'],
];
const columns = ['training step, a thread a process', 'time (min–max)', 'images/s', 'two ÷ 2 × it', 'at least'];
process.stdout.write(`${table(columns, figures, [2, 3, 4])}\n\n${quietWords(allQuiet(overNetwork))}\n`);
process.exit(0);
