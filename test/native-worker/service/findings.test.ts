import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DynamicsKind } from '../../../contract/dynamics.ts';
import { runFindings } from '../../../contract/findings.ts';
import { runNoiseAdvice } from '../../../contract/noise-advice.ts';
import { sigmaBinNames, sigmaOfBin } from '../../../contract/noise-levels.ts';
import { insertDynamics } from '../../../native-worker/store/dynamics.ts';
import { openLibrary, type Library } from '../../../native-worker/store/library.ts';
import { insertTick } from '../../../native-worker/store/ticks.ts';
import { startServiceUnderTest, type ServiceUnderTest } from '../../support/service-library.ts';
import { exampleTick } from '../../support/ticks.ts';
import { makeRun, tinyConfig } from '../../support/training-library.ts';

let under: ServiceUnderTest;
let library: Library;
let id: number;
beforeAll(async () => {
  under = await startServiceUnderTest();
  library = openLibrary(under.folder);
  id = makeRun(library, under.datasetId, tinyConfig());
});
afterAll(async () => {
  library.close();
  await under.end();
});

test('what a run recorded is told in words, with its rule', async () => {
  const layers = ['unet.enc.a', 'unet.dec.b'];
  library.db.transaction(() => {
    for (let index = 1; index <= 40; index++) {
      insertTick(library.db, id, exampleTick(index * 16, { loss: index === 30 ? 9 : 0.5 }));
      insertDynamics(library.db, id, 'weight', index * 16, layers, Float32Array.of(1, 1));
    }
  })();
  const findings = await under.client.call(runFindings, { id });
  expect(findings.map(({ rule, tone }) => [rule, tone])).toEqual([
    ['loss-spikes', 'warn'],
    ['weights-held', 'good'],
  ]);
  expect(findings[0]).toMatchObject({ text: 'The loss has a spike at 480 images: 9 where 0.5 was usual.', nimg: 480 });
  expect(findings[1]!.text).toBe('Forced normalisation holds all 2 weights at 1.00.');
});

test('a long run of an earlier version gets its levels first, so that nobody waits for all of its ticks and moments', async () => {
  const old = makeRun(library, under.datasetId, tinyConfig());
  library.db
    .prepare(
      `WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < 25000)
       INSERT INTO ticks (run_id, nimg, at, train_seconds, loss, learning_rate, memory_bytes)
       SELECT ?, i * 16, 0, i, 0.5, 0.01, 1 FROM number`,
    )
    .run(old);
  library.db.prepare(`INSERT INTO dynamics_rows VALUES (?, 'weight', 0, 'unet.enc.a')`).run(old);
  library.db
    .prepare(
      `INSERT INTO dynamics (run_id, kind, nimg, numbers) SELECT run_id, 'weight', nimg, x'0000803f' FROM ticks WHERE run_id = ?`,
    )
    .run(old);
  await under.client.call(runFindings, { id: old });
  for (const ends of ['tick_level_ends', 'dynamics_level_ends']) {
    const until = library.db.prepare(`SELECT until FROM ${ends} WHERE run_id = ?`).pluck().get(old);
    expect(until).toBeGreaterThan(24_000 * 16);
  }
});

test('the advice on noise levels goes by what the run recorded and by its own density', async () => {
  const noisy = makeRun(library, under.datasetId, tinyConfig());
  const before = await under.client.call(runNoiseAdvice, { id: noisy });
  expect(before).toMatchObject({ verdict: 'too-little', proposed: null, current: { pMean: -0.8, pStd: 1.6 } });
  // −ln of the error: the normal shape around σ = 1 with spread 0.7
  const errors = sigmaBinNames.map((_, bin) => Math.exp(-2 * Math.exp(-((Math.log(sigmaOfBin(bin)) / 0.7) ** 2) / 2)));
  library.db.transaction(() => {
    for (let nimg = 16; nimg <= 640; nimg += 16) {
      const insert = (kind: DynamicsKind, numbers: number[]): void =>
        insertDynamics(library.db, noisy, kind, nimg, sigmaBinNames, Float32Array.from(numbers));
      insertTick(library.db, noisy, exampleTick(nimg, {}));
      insert(
        'noise-count',
        errors.map(() => 10),
      );
      insert('noise-error', errors);
    }
  })();
  const after = await under.client.call(runNoiseAdvice, { id: noisy });
  expect(after).toMatchObject({ verdict: 'move', proposed: { pMean: 0, pStd: 0.7 } });
});
