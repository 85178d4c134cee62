/**
 * `npm run soak -- [--minutes 30]`: trains the demo preset that long in a real job process, with many grids, snapshots and
 * checkpoints, and prints the resident memory of that process each minute and how it grows, as a line through all
 * moments after the first fifth. Ends with status 1 if the growth exceeds `MOST_GROWTH`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { countParameters, planNetwork } from '../../contract/architecture.ts';
import { findPreset } from '../../contract/presets.ts';
import { addDemoSet } from '../../native-worker/service/dataset-intake.ts';
import { Events } from '../../native-worker/service/events.ts';
import { listDatasets } from '../../native-worker/store/datasets.ts';
import { insertJob } from '../../native-worker/store/jobs.ts';
import { openLibrary } from '../../native-worker/store/library.ts';
import { insertRun } from '../../native-worker/store/runs.ts';
import { startJobProcess } from '../support/job-process.ts';

/** Bytes an hour that are still called flat: a gigabyte in two days. */
const MOST_GROWTH = 20e6;

/** The share of the time that allocators need to fill their pools; left out of the line. */
const WARM_UP = 1 / 5;

/**
 * Images between two grids, snapshots and checkpoints: far oftener than the preset has them, because each kind fills the
 * allocators' pools anew for its first dozens of times, which half an hour of the preset does not see the end of.
 */
const MILESTONE = 256;

interface Moment {
  readonly seconds: number;
  readonly bytes: number;
}

/** Slope of the line nearest to all moments, bytes a second. */
function slope(moments: readonly Moment[]): number {
  const mean = (of: (moment: Moment) => number): number =>
    moments.reduce((sum, moment) => sum + of(moment), 0) / moments.length;
  const [seconds, bytes] = [mean((moment) => moment.seconds), mean((moment) => moment.bytes)];
  const spread = mean((moment) => (moment.seconds - seconds) ** 2);
  return spread === 0 ? 0 : mean((moment) => (moment.seconds - seconds) * (moment.bytes - bytes)) / spread;
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

async function soak(minutes: number, folder: string): Promise<boolean> {
  const library = openLibrary(folder, { migrate: true });
  await addDemoSet(library, new Events());
  const dataset = listDatasets(library.db)[0]!;
  const { config } = findPreset('demo')!;
  const shape = {
    resolution: dataset.resolution,
    channels: dataset.channels,
    labelDim: dataset.classes.length,
  };
  const runId = insertRun(library.db, {
    name: 'soak',
    notes: '',
    tags: [],
    datasetId: dataset.id,
    config: {
      ...config,
      training: { ...config.training, durationImages: 2 ** 40 },
      logging: { ...config.logging, snapshotImages: MILESTONE, checkpointImages: MILESTONE, sampleImages: MILESTONE },
      grid: { ...config.grid, rows: 2, sampler: { ...config.grid.sampler, steps: 3 } },
    },
    shape,
    parameters: countParameters(planNetwork(config.network, shape)).total,
  });
  const jobId = insertJob(library.db, {
    parameters: { kind: 'train', runId, engine: 'graph' },
    title: 'soak',
    runId,
  });
  library.close();

  const job = startJobProcess(folder, jobId);
  const started = performance.now();
  const moments: Moment[] = [];
  let nextLine = 0;
  job.process.on('message', () => {
    const message = job.messages.at(-1)!;
    job.messages.length = 0; // hours of them would grow us, though not the job
    if (message.type !== 'ticked') return;
    const seconds = (performance.now() - started) / 1000;
    const bytes = message.ticks.memoryBytes[0]!;
    moments.push({ seconds, bytes });
    if (seconds < nextLine) return;
    nextLine = seconds + 60;
    process.stdout.write(
      `${(seconds / 60).toFixed(1).padStart(6)} min  ${megabytes(bytes).padStart(7)} MB  ${message.ticks.nimg[0]} images\n`,
    );
  });
  const end = setTimeout(() => job.request('pause'), minutes * 60_000);
  const { code, stderr } = await job.gone;
  clearTimeout(end);
  if (code !== 0 || moments.length < 10) {
    process.stderr.write(`The job ended with status ${code} after ${moments.length} ticks.\n${stderr}`);
    return false;
  }
  const settled = moments.filter(({ seconds }) => seconds > WARM_UP * minutes * 60);
  const perHour = slope(settled) * 3600;
  const all = settled.map(({ bytes }) => bytes);
  process.stdout.write(
    `${moments.length} ticks in ${minutes} min. After the first ${(WARM_UP * minutes).toFixed(1)} min: ${megabytes(Math.min(...all))} to ` +
      `${megabytes(Math.max(...all))} MB, slope ${megabytes(perHour)} MB an hour (flat is at most ${megabytes(MOST_GROWTH)}).\n`,
  );
  return perHour <= MOST_GROWTH;
}

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes takes a number above 0, not "${values.minutes}".`);
const folder = mkdtempSync(join(tmpdir(), 'edm2-soak-'));
try {
  process.exitCode = (await soak(minutes, folder)) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
