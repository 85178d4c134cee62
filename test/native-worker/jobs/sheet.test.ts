import { decode } from 'fast-png';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { saveSheet } from '../../../native-worker/jobs/sheet.ts';
import { samplePath } from '../../../native-worker/store/paths.ts';
import { sampleFile } from '../../../native-worker/store/samples.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

test('a sheet of pictures says in its file all that its row says', async () => {
  const { library, datasetId, remove } = await makeLibrary();
  const runId = makeRun(library, datasetId, tinyConfig());
  const facts = {
    nimg: 32,
    sigmaRel: 0.1,
    snapshotId: null,
    model: null,
    seeds: [0, 1],
    labels: [0, null],
    columns: 2,
    resolution: 4,
    sampler: { steps: 3, sigmaMin: 0.002, sigmaMax: 80, rho: 7 },
    guidance: null,
    precision: 'fp32' as const,
    seconds: 1.5,
  };
  const file = samplePath(runId, 32, 'grid');
  const pixels = Uint8Array.from({ length: 2 * 4 * 4 * 3 }, (_, at) => at);
  const id = await saveSheet(library, pixels, 3, { ...facts, runId, origin: 'grid', file });
  const { text, width } = decode(readFileSync(join(library.folder, sampleFile(library.db, id))));
  expect(width).toBe(8);
  const says = { format: 'edm2-sheet/2', kind: 'grid', run: runId, ...facts };
  expect(JSON.parse(text['edm2-studio']!)).toEqual(says);
  remove();
});
