import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobOutcome } from '../../../contract/job-messages.ts';
import { GenerateRequest } from '../../../contract/samples.ts';
import { SamplerConfig } from '../../../contract/training.ts';
import { tf } from '../../../native-worker/engine/tensorflow.ts';
import type { Requested } from '../../../native-worker/jobs/context.ts';
import { labelsFor } from '../../../native-worker/jobs/drawing.ts';
import { runSample } from '../../../native-worker/jobs/sample.ts';
import { runTrain } from '../../../native-worker/jobs/train.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { getSample, sampleFile } from '../../../native-worker/store/samples.ts';
import { listSnapshots } from '../../../native-worker/store/snapshots.ts';
import { makeContext, makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

let library: Library;
let snapshotId: number;
let remove: () => void;

beforeAll(async () => {
  const made = await makeLibrary();
  ({ library, remove } = made);
  const parameters = { kind: 'train', runId: makeRun(library, made.datasetId, tinyConfig()), engine: 'graph' } as const;
  await runTrain(makeContext(library, parameters).context, parameters);
  snapshotId = listSnapshots(library.db, parameters.runId).at(-1)!.id;
});
afterAll(() => remove());

async function draw(
  asked: Partial<GenerateRequest> & Pick<GenerateRequest, 'seeds'>,
  request: () => Requested = () => null,
): Promise<{ outcome: JobOutcome; steps: number }> {
  const labels = asked.seeds.map(() => null);
  const parameters = {
    kind: 'sample',
    request: GenerateRequest.parse({
      model: { kind: 'snapshot', snapshotId },
      labels,
      columns: 4,
      sampler: { steps: 4 },
      ...asked,
    }),
  } as const;
  const { context, messages } = makeContext(library, parameters, request);
  return { outcome: await runSample(context, parameters), steps: messages.length };
}

/** Pixels of every picture of a finished job's sheet. */
async function pictures(outcome: JobOutcome): Promise<Buffer[]> {
  if (outcome.kind !== 'sampled') throw new Error(`the job ended as ${outcome.kind}`);
  const { seeds, columns, resolution } = getSample(library.db, outcome.sampleId);
  const png = sharp(readFileSync(join(library.folder, sampleFile(library.db, outcome.sampleId))));
  return Promise.all(
    seeds.map((_, index) =>
      png
        .clone()
        .extract({
          left: (index % columns) * resolution,
          top: Math.floor(index / columns) * resolution,
          width: resolution,
          height: resolution,
        })
        .raw()
        .toBuffer(),
    ),
  );
}

/** In levels of 255: kernels may sum in another order when the batch has another size, which can turn a rounding over. */
function largestDifference(a: Buffer, b: Buffer): number {
  return Math.max(...a.map((value, index) => Math.abs(value - b[index]!)));
}

describe('a sample job', () => {
  test('draws a sheet, its row names seeds, classes and the snapshot', async () => {
    const { outcome, steps } = await draw({ seeds: [1, 2, 3, 4, 5], labels: [0, 1, null, 0, 1], batchSize: 2 });
    expect(outcome.kind).toBe('sampled');
    expect(steps).toBe(3 * 4); // three batches of four steps
    const sample = getSample(library.db, (outcome as { sampleId: number }).sampleId);
    expect(sample).toMatchObject({
      origin: 'generate',
      snapshotId,
      model: { kind: 'snapshot', snapshotId },
      seeds: [1, 2, 3, 4, 5],
      columns: 4,
      nimg: 64,
      sigmaRel: 0.1,
    });
    expect(sample.labels.slice(0, 2)).toEqual([0, 1]);
    expect([0, 1]).toContain(sample.labels[2]);
  });

  test('draws the same picture for the same seed and class, whatever the batch size and the other pictures', async () => {
    const seeds = [10, 11, 12, 13, 14, 15, 16];
    const labels = [0, 1, 0, 1, 0, 1, 0];
    const one = await pictures((await draw({ seeds, labels, batchSize: 1 })).outcome);
    for (const batchSize of [2, 3, 7, 32]) {
      const others = await pictures((await draw({ seeds, labels, batchSize })).outcome);
      others.forEach((picture, index) => expect(largestDifference(picture, one[index]!)).toBeLessThanOrEqual(1));
    }
    const [alone] = await pictures((await draw({ seeds: [13], labels: [1] })).outcome);
    expect(largestDifference(alone!, one[3]!)).toBeLessThanOrEqual(1);
  });

  test('draws different pictures for different seeds and for different classes', async () => {
    const drawn = await pictures((await draw({ seeds: [1, 2, 1], labels: [0, 0, 1] })).outcome);
    expect(drawn[0]).not.toEqual(drawn[1]);
    expect(drawn[0]).not.toEqual(drawn[2]);
  });

  test('stops between two steps when it is cancelled, and leaves no row', async () => {
    const before = library.db.prepare('SELECT count(*) AS n FROM samples').get();
    const { outcome, steps } = await draw({ seeds: [1] }, () => 'cancel');
    expect(outcome).toEqual({ kind: 'cancelled' });
    expect(steps).toBe(1);
    expect(library.db.prepare('SELECT count(*) AS n FROM samples').get()).toEqual(before);
  });

  test('refuses a class that the network does not know', async () => {
    await expect(draw({ seeds: [1], labels: [2] })).rejects.toMatchObject({ code: 'invalid-input' });
  });

  test('is guided by an earlier snapshot, says so in its row, and draws the same by either engine', async () => {
    const earlier = listSnapshots(library.db, 1)[0]!;
    const guidance = { guide: { kind: 'snapshot', snapshotId: earlier.id }, strength: 3 } as const;
    const asked = { seeds: [1, 2, 3], labels: [0, 1, 0], guidance };
    const { outcome } = await draw(asked);
    const { runId, nimg, sigmaRel } = earlier;
    const { guidance: used } = getSample(library.db, (outcome as { sampleId: number }).sampleId);
    expect(used).toEqual({ ...guidance, runId, nimg, sigmaRel });
    const guided = await pictures(outcome);
    const plain = await pictures((await draw({ ...asked, guidance: null })).outcome);
    expect(guided).not.toEqual(plain);
    const eager = await pictures((await draw({ ...asked, engine: 'eager' })).outcome);
    guided.forEach((picture, index) => expect(largestDifference(picture, eager[index]!)).toBeLessThanOrEqual(1));
  });

  test('draws other pictures with churn, and the same ones each time', async () => {
    const sampler = SamplerConfig.parse({ steps: 4, churn: { amount: 2 } });
    const [first, second] = [await draw({ seeds: [1], sampler }), await draw({ seeds: [1], sampler })];
    expect(await pictures(first.outcome)).toEqual(await pictures(second.outcome));
    expect(await pictures(first.outcome)).not.toEqual(await pictures((await draw({ seeds: [1] })).outcome));
  });

  test('leaves no tensors behind', async () => {
    await draw({ seeds: [1] });
    const before = tf.memory().numTensors;
    await draw({ seeds: [1, 2, 3] });
    await draw({ seeds: [1] }, () => 'cancel');
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('a seed draws its class by itself, and no class without classes', () => {
  const seeds = Array.from({ length: 3000 }, (_, seed) => seed);
  const drawn = labelsFor(
    seeds.map(() => null),
    seeds,
    3,
  );
  for (const label of [0, 1, 2]) {
    const count = drawn.filter((one) => one === label).length;
    expect(Math.abs(count - 1000)).toBeLessThan(100); // 4 standard deviations
  }
  expect(labelsFor([2, null], [5, 6], 3)[0]).toBe(2);
  expect(labelsFor([null], [5], 0)).toEqual([null]);
});
