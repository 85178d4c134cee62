/**
 * `npm run bench:writes -- [--rounds 7] [--batch 4]`: by how much writing a checkpoint and snapshots of the preset `small`
 * delays its training steps. Rounds of steps without a file, with a checkpoint and with snapshots follow each other in one
 * process; the delay is what the steps took until the file was there, beyond what as many take without.
 */
import { parseArgs } from 'node:util';
import { findPreset } from '../../contract/presets.ts';
import { median } from '../../contract/median.ts';
import { table } from '../../native-worker/cli/words.ts';
import { closeSession, openSession, type TrainingSession } from '../../native-worker/jobs/training/session.ts';
import { saveCheckpoint, writeSnapshots } from '../../native-worker/jobs/training/write.ts';
import { listCheckpoints } from '../../native-worker/store/checkpoints.ts';
import { listSnapshots } from '../../native-worker/store/snapshots.ts';
import { makeContext, makeLibrary, makeRun } from '../support/training-library.ts';

/** Steps of a round without a file; as many before the first, in which TensorFlow plans. */
const STEPS = 10;

interface Delay {
  /** Before the next step could begin, seconds. */
  readonly beginning: number;
  /** In all, with what the steps beside it lost. */
  readonly all: number;
  readonly steps: number;
}

async function step(session: TrainingSession): Promise<number> {
  const start = performance.now();
  await session.trainer.step(session.nimg, session.batches.take(session.nimg), false);
  session.nimg += session.training.batchSize;
  return (performance.now() - start) / 1000;
}

async function plain(session: TrainingSession): Promise<number> {
  const seconds: number[] = [];
  for (let index = 0; index < STEPS; index += 1) seconds.push(await step(session));
  return median(seconds);
}

async function beside(session: TrainingSession, usual: number, write: () => Promise<void>): Promise<Delay> {
  const start = performance.now();
  await write();
  const beginning = (performance.now() - start) / 1000;
  let writing = true as boolean; // a promise changes it
  const over = session.writes.done().then(() => (writing = false));
  let steps = 0;
  do {
    await step(session);
    steps += 1;
  } while (writing);
  await over;
  return { beginning, all: (performance.now() - start) / 1000 - steps * usual, steps };
}

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, batch: { type: 'string', default: '4' } },
});
const { library, datasetId, remove } = await makeLibrary();
const small = findPreset('small')!.config;
const runId = makeRun(library, datasetId, {
  ...small,
  training: { ...small.training, batchSize: Number(values.batch) },
});
const { context } = makeContext(library, { kind: 'train', runId, engine: 'graph' });
const session = await openSession(context, runId, 'graph', () => Promise.resolve(null));
await plain(session);
const usual: number[] = [];
const checkpoints: Delay[] = [];
const snapshots: Delay[] = [];
for (let round = 0; round < Number(values.rounds); round += 1) {
  usual.push(await plain(session));
  checkpoints.push(await beside(session, usual.at(-1)!, () => saveCheckpoint(session)));
  snapshots.push(await beside(session, usual.at(-1)!, () => writeSnapshots(session)));
}
const milliseconds = (seconds: number): string => (1000 * seconds).toFixed(0);
const row = (name: string, bytes: number, delays: readonly Delay[]): string[] => [
  name,
  (bytes / 1e6).toFixed(0),
  milliseconds(median(delays.map(({ beginning }) => beginning))),
  milliseconds(median(delays.map(({ all }) => all))),
  median(delays.map(({ steps }) => steps)).toFixed(0),
];
const ofNewest = (files: readonly { nimg: number; sizeBytes: number }[]): number =>
  files.filter(({ nimg }) => nimg === files.at(-1)!.nimg).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
process.stdout.write(
  `${table(
    ['', 'MB', 'before the next step, ms', 'delay in all, ms', 'steps beside it'],
    [
      row('checkpoint', ofNewest(listCheckpoints(library.db, runId)), checkpoints),
      row('snapshots', ofNewest(listSnapshots(library.db, runId)), snapshots),
    ],
    [1, 2, 3, 4],
  )}\nA step takes ${milliseconds(median(usual))} ms.\n`,
);
await closeSession(session);
remove();
process.exit(0);
