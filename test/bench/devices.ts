/**
 * `npm run bench:devices`: what it costs and gains to share a batch: training of the 64-channel network on two parts of the
 * processor, a thread and 16 pictures each, in turn with one device of two threads. One device computes a batch in two ways:
 * two halves side by side with one optimiser for both (an even batch), and as a whole, both threads inside each kernel (an odd
 * one, so 33 pictures).
 *
 * And what the network between machines costs: two processes of a thread and 16 pictures each, which add up over TensorFlow's
 * gRPC servers, in turn with one process of a thread and 16 pictures, and with two such at once that add nothing up: what two
 * cores that share something make of it. `npm run bench:devices -- machines` measures this alone.
 */
import type { BenchSubject, SubjectAcross } from '../../contract/bench.ts';
import { measuredWords, readMeasured } from '../../native-worker/cli/measured-network.ts';
import { quietWords, spread } from '../../native-worker/cli/bench/report.ts';
import { allQuiet, alternate, type Contender, type Timing } from '../../native-worker/cli/bench/rounds.ts';
import { startWorker } from '../../native-worker/cli/bench/worker.ts';
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

type Training = Contender<'train'>;

/** One after another, some rounds long. @returns the time of a step of each */
async function stepTimes(contenders: readonly Training[]): Promise<readonly Timing[]> {
  const entrants = contenders.map((contender) => ({ contender, task: 'train' as const }));
  return await alternate(entrants, { rounds: 9, limitSeconds: 300, warmUps: 2, turnSeconds: 1 });
}

async function inOneMachine(): Promise<void> {
  const workers = await Promise.all(ways.map(([, subject]) => startWorker(subject, 2)));
  const times = await stepTimes(workers);
  for (const worker of workers) await worker.close();
  const speeds = ways.map(([, subject], index) => subject.config.training.batchSize / times[index]!.median);
  const rows = ways.map(([name, , atLeast], index) => [
    name,
    spread(times[index]!),
    threeDigits(speeds[index]!),
    index === 0 ? '' : (speeds[0]! / speeds[index]!).toFixed(2),
    atLeast === null ? '' : atLeast.toFixed(1),
  ]);
  const head = ['training step', 'time (min–max)', 'img/s', 'two parts ÷ it', 'at least'];
  process.stdout.write(`${table(head, rows, [2, 3, 4])}\n\n${quietWords(allQuiet(times))}\n\n`);
}

async function overNetwork(): Promise<void> {
  const port = await freePorts(3);
  const other = await startWorkerProcess(`127.0.0.1:${port}`);
  const across = { listen: `127.0.0.1:${port + 2}`, stepSeconds: null, goOnWithout: false };
  const devices = ['cpu:0', `${other.address}/cpu:0`];
  const both: SubjectAcross = { ...even.subject, devices, team: { across, token: TOKEN } };
  const half = measured('16').subject;
  const [shared, one, second] = await Promise.all([both, half, half].map((subject) => startWorker(subject, 1)));
  const times = await stepTimes([
    { pid: shared!.pid, helpers: () => other.children(), run: (task) => shared!.run(task) },
    one!,
    {
      pid: one!.pid,
      helpers: () => [second!.pid],
      run: async (task) => Math.max(...(await Promise.all([one!, second!].map((worker) => worker.run(task))))),
    },
  ]);
  const names = [
    '32 pictures in two processes over gRPC',
    '16 pictures in one process, its core alone',
    'two such side by side that add nothing up',
  ];
  const speeds = [32, 16, 32].map((pictures, index) => pictures / times[index]!.median);
  const ratios = ['', (speeds[0]! / (2 * speeds[1]!)).toFixed(2), (speeds[0]! / speeds[2]!).toFixed(2)];
  const rows = names.map((name, index) => [
    ...[name, spread(times[index]!), threeDigits(speeds[index]!), ratios[index]!],
    index === 1 ? '0.95' : '',
  ]);
  const head = ['training step, a thread a process', 'time (min–max)', 'img/s', 'gRPC ÷ it, per process', 'at least'];
  process.stdout.write(`${table(head, rows, [2, 3, 4])}\n\n${quietWords(allQuiet(times))}\n`);
  other.signal('SIGTERM');
}

process.stdout.write(`${processorInWords()}. ${measuredWords(even)}\n\n`);
if (process.argv[2] !== 'machines') await inOneMachine();
await overNetwork();
process.exit(0);
