import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CONFIG_FORMAT } from '../../contract/formats.ts';
import { countParameters, planNetwork } from '../../contract/architecture.ts';
import type { JobMessage } from '../../contract/job-messages.ts';
import type { JobParameters } from '../../contract/jobs.ts';
import { RunConfig } from '../../contract/training.ts';
import { describeDataset } from '../../native-worker/data/dataset-file.ts';
import { packDataset } from '../../native-worker/data/pack.ts';
import type { JobContext, Requested } from '../../native-worker/jobs/context.ts';
import { insertDataset } from '../../native-worker/store/datasets.ts';
import { insertJob } from '../../native-worker/store/jobs.ts';
import { openLibrary, type Library } from '../../native-worker/store/library.ts';
import { insideLibrary, picturesPath } from '../../native-worker/store/paths.ts';
import { insertRun } from '../../native-worker/store/runs.ts';

const RESOLUTION = 16;
const CLASSES = ['bright', 'dark'];
const PICTURES = 40;

/** A real library in a temporary folder with a small dataset of two classes: bright pictures and dark ones. */
export async function makeLibrary(
  pictures = PICTURES,
): Promise<{ library: Library; datasetId: number; remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'edm2-library-'));
  const library = openLibrary(folder, { migrate: true });
  const file = picturesPath(1);
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  const description = { name: 'brightness', source: 'test', attribution: '', classes: CLASSES };
  const labels = Int32Array.from({ length: pictures }, (_, index) => index % 2);
  await packDataset(
    join(folder, file),
    { resolution: RESOLUTION, channels: 3, capacity: pictures, description },
    async (append) => {
      for (const [index, label] of labels.entries()) {
        const base = label === 0 ? 170 : 20;
        const picture = Uint8Array.from(
          { length: RESOLUTION ** 2 * 3 },
          (_, at) => base + ((at * 31 + index * 57) % 60),
        );
        await append(picture);
      }
      return { description, labels };
    },
  );
  const facts = await describeDataset(insideLibrary(folder, file));
  const datasetId = insertDataset(library.db, { ...facts, id: 1, file, problems: [] });
  const remove = (): void => {
    library.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { library, datasetId, remove };
}

/** A network of some thousand parameters that trains in milliseconds a step. */
export function tinyConfig(
  training: Partial<RunConfig['training']> = {},
  logging: Partial<RunConfig['logging']> = {},
): RunConfig {
  return RunConfig.parse({
    version: CONFIG_FORMAT,
    preset: null,
    network: {
      modelChannels: 8,
      channelMult: [1, 2],
      numBlocks: 1,
      attnResolutions: [8],
      channelsPerHead: 8,
      logvarChannels: 8,
    },
    training: { batchSize: 4, durationImages: 64, rampUpImages: 16, decayBatches: 8, seed: 7, ...training },
    logging: { tickImages: 16, snapshotImages: 32, checkpointImages: 32, sampleImages: 0, ...logging },
    grid: { columns: 3, rows: 2, sampler: { steps: 3 } },
  });
}

/** A run that waits to be trained. */
export function makeRun(library: Library, datasetId: number, config: RunConfig): number {
  const labelDim = config.training.classConditional ? CLASSES.length : 0;
  const shape = { resolution: RESOLUTION, channels: 3, labelDim };
  const parameters = countParameters(planNetwork(config.network, shape)).total;
  return insertRun(library.db, { name: 'test', notes: '', tags: [], datasetId, config, shape, parameters });
}

/** A job's context without a service: messages are kept, requests are made by the test. */
export function makeContext(
  library: Library,
  parameters: JobParameters,
  request: (messages: readonly JobMessage[]) => Requested = () => null,
  toMeasure = false,
): { context: JobContext; messages: JobMessage[] } {
  const id = insertJob(library.db, {
    parameters,
    title: 'test',
    runId: 'runId' in parameters ? parameters.runId : null,
  });
  const messages: JobMessage[] = [];
  const context: JobContext = {
    library,
    job: { id, parameters },
    send: (message) => messages.push(message),
    requested: () => request(messages),
    toMeasure: () => toMeasure,
    measured: () => (toMeasure = false),
  };
  return { context, messages };
}
