import fs, { existsSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import type { JobMessage, JobOutcome } from '../../../contract/job-messages.ts';
import { recipesAt } from '../../../contract/recipe.ts';
import { KeepRequest } from '../../../contract/reconstructions.ts';
import type { Requested } from '../../../native-worker/jobs/context.ts';
import { openMix } from '../../../native-worker/jobs/mix.ts';
import { runReconstruct } from '../../../native-worker/jobs/reconstruct.ts';
import { snapshotMetadata } from '../../../native-worker/jobs/snapshot-facts.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { recipeSource } from '../../../native-worker/store/models.ts';
import { insideLibrary, jobFolder, runFolder, snapshotPath } from '../../../native-worker/store/paths.ts';
import { getReconstruction, listReconstructions } from '../../../native-worker/store/reconstructions.ts';
import { openSafetensors } from '../../../native-worker/store/safetensors.ts';
import { sweep } from '../../../native-worker/store/sweep.ts';
import { bufferAt, CLASSES, makeSnapshot, numberAt, planOf } from '../../support/snapshot-files.ts';
import { makeContext, makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

/** The job on snapshot files with known numbers. No TensorFlow is loaded. */

const TIMES = [32, 64, 96];
const LENGTHS = [0.05, 0.1];

let library: Library;
let runId: number;
let remove: () => void;
beforeEach(async () => {
  const made = await makeLibrary();
  ({ library, remove } = made);
  runId = makeRun(library, made.datasetId, tinyConfig());
  for (const [t, nimg] of TIMES.entries()) {
    for (const [s, sigmaRel] of LENGTHS.entries()) await makeSnapshot(library, { runId, nimg, sigmaRel }, 10 * t + s);
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  remove();
});

const plan = (): NetworkPlan => planOf(library, runId);

async function reconstruct(
  asked: Partial<KeepRequest> & Pick<KeepRequest, 'targets'>,
  request: (messages: readonly JobMessage[]) => Requested = () => null,
): Promise<JobOutcome> {
  const parameters = { kind: 'reconstruct', request: KeepRequest.parse({ runId, ...asked }) } as const;
  return runReconstruct(makeContext(library, parameters, request).context, parameters);
}

const target = (sigmaRel: number, name: string | null = null) => ({ sigmaRel, name });

/** Nothing is left of a job that came to nothing: no row, no file, nothing half-written. */
function expectNothingKept(): void {
  expect(listReconstructions(library.db, null)).toEqual([]);
  expect(existsSync(join(library.folder, runFolder(runId), 'reconstructions'))).toBe(false);
  expect(readdirSync(join(library.folder, 'files/tmp'))).toEqual([]);
}

describe('a reconstruction', () => {
  test('is the mixture that its recipe says, rounded once; buffers are copied', async () => {
    expect(await reconstruct({ targets: [target(0.15, 'mine')] })).toEqual({ kind: 'reconstructed' });
    const [row] = listReconstructions(library.db, runId);
    const recipe = recipesAt(recipeSource(library.db, runId), null)(0.15);
    expect(row).toMatchObject({
      name: 'mine',
      runId,
      nimg: 96,
      sigmaRel: 0.15,
      error: recipe.error,
      terms: recipe.terms,
    });
    const path = insideLibrary(library.folder, getReconstruction(library.db, row!.id).file);
    expect(row!.sizeBytes).toBe(fs.statSync(path).size);
    const opened = openSafetensors(path);
    for (const { name } of plan().parameters) {
      const mixed = opened.readAs(name, 'F32').map((value, i) => {
        const sum = recipe.terms.reduce((total, { nimg, sigmaRel, coefficient }) => {
          const k = 10 * TIMES.indexOf(nimg) + LENGTHS.indexOf(sigmaRel);
          return total + coefficient * numberAt(k, i);
        }, 0);
        return value - Math.fround(sum);
      });
      expect([name, mixed.every((difference) => difference === 0)]).toEqual([name, true]);
    }
    for (const { name } of plan().buffers) {
      expect([...opened.readAs(name, 'F32')]).toEqual(Array.from(opened.readAs(name, 'F32'), (_, i) => bufferAt(i)));
    }
    expect(opened.tensors.size).toBe(plan().parameters.length + plan().buffers.length);
    opened.close();
  });

  test('is a snapshot file that says how it was made', async () => {
    await reconstruct({ targets: [target(0.15)], nimg: 64 });
    const [row] = listReconstructions(library.db, runId);
    const opened = openSafetensors(insideLibrary(library.folder, getReconstruction(library.db, row!.id).file));
    const { reconstruction, ...metadata } = opened.metadata;
    opened.close();
    const facts = { nimg: 64, sigmaRel: 0.15, plan: plan(), classes: CLASSES };
    expect(metadata).toEqual(snapshotMetadata(facts, { kind: 'reconstruction', runId }));
    expect(metadata).toMatchObject({ kind: 'reconstruction', run: String(runId), nimg: '64', ema_std: '0.15' });
    expect(JSON.parse(reconstruction!)).toEqual({ error: row!.error, terms: row!.terms });
    expect(row!.name).toBe('σ_rel 0.15 at 64 images');
  });

  test('of a stored length is the stored average, to the last bit', async () => {
    await reconstruct({ targets: [target(0.1)], nimg: 64 });
    const [row] = listReconstructions(library.db, runId);
    const made = openSafetensors(insideLibrary(library.folder, getReconstruction(library.db, row!.id).file));
    const stored = openSafetensors(insideLibrary(library.folder, snapshotPath(runId, 64, 0.1)));
    for (const name of stored.tensors.keys()) expect(made.readAs(name, 'F32')).toEqual(stored.readAs(name, 'F32'));
    made.close();
    stored.close();
  });

  test('is the same whether it is made alone or with others, and each snapshot is opened once for all', async () => {
    const opened: string[] = [];
    const open = fs.openSync;
    vi.spyOn(fs, 'openSync').mockImplementation((path, flags, mode) => {
      if (String(path).includes('/snapshots/')) opened.push(String(path));
      return open(path, flags, mode);
    });
    await reconstruct({ targets: [target(0.03), target(0.07), target(0.2)] });
    expect(opened).toHaveLength(new Set(opened).size);
    await reconstruct({ targets: [target(0.07)] });
    const hashes = listReconstructions(library.db, runId)
      .filter(({ sigmaRel }) => sigmaRel === 0.07)
      .map(({ sha256 }) => sha256);
    expect(hashes).toHaveLength(2);
    expect(hashes[0]).toBe(hashes[1]);
  });

  test('needs its snapshots no more once it is there', async () => {
    await reconstruct({ targets: [target(0.15)] });
    library.db.prepare('DELETE FROM snapshots').run();
    rmSync(join(library.folder, runFolder(runId), 'snapshots'), { recursive: true });
    sweep(library);
    const [row] = listReconstructions(library.db, runId);
    const opened = openSafetensors(insideLibrary(library.folder, getReconstruction(library.db, row!.id).file));
    expect(opened.tensors.size).toBe(plan().parameters.length + plan().buffers.length);
    opened.close();
  });
});

test('a tensor is the same whether it is mixed whole or in stretches', () => {
  const recipes = [0.15, 0.2].map(recipesAt(recipeSource(library.db, runId), null));
  const [whole, pieces] = [openMix(library, recipes), openMix(library, recipes, 7)];
  for (const name of whole.names) expect(pieces.read(name)).toEqual(whole.read(name));
  whole.close();
  pieces.close();
});

describe('nothing is kept', () => {
  test('when it is cancelled half way', async () => {
    let looks = 0;
    const outcome = await reconstruct({ targets: [target(0.15), target(0.2)] }, () => (++looks > 5 ? 'cancel' : null));
    expect(outcome).toEqual({ kind: 'cancelled' });
    expect(looks).toBe(6);
    expectNothingKept();
  });

  test('when a snapshot is cut off', async () => {
    const path = insideLibrary(library.folder, snapshotPath(runId, 64, 0.05));
    truncateSync(path, fs.statSync(path).size - 4);
    await expect(reconstruct({ targets: [target(0.15)] })).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringContaining('000000000064-0.050.safetensors') as string,
    });
    expectNothingKept();
  });

  test('when a snapshot is cut off while it is read', async () => {
    const path = insideLibrary(library.folder, snapshotPath(runId, 32, 0.1));
    let looks = 0;
    const cut = (): Requested => {
      if (++looks === 4) truncateSync(path, 6000);
      return null;
    };
    await expect(reconstruct({ targets: [target(0.15)] }, cut)).rejects.toMatchObject({ code: 'corrupt-file' });
    expectNothingKept();
  });

  test('when the file of a snapshot is gone', async () => {
    rmSync(insideLibrary(library.folder, snapshotPath(runId, 32, 0.05)));
    await expect(reconstruct({ targets: [target(0.2)] })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('is gone') as string,
    });
    expectNothingKept();
  });

  test('when a snapshot is of another network', async () => {
    library.db.prepare('UPDATE runs SET config = json_set(config, ?, 2)').run('$.network.numBlocks');
    await makeSnapshot(library, { runId, nimg: 96, sigmaRel: 0.05 }, 20);
    await expect(reconstruct({ targets: [target(0.15)] })).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringContaining('another network') as string,
    });
    expectNothingKept();
  });

  test('when the rows can not be written', async () => {
    library.db.exec(`CREATE TRIGGER refuse BEFORE INSERT ON reconstructions WHEN NEW.ema_std > 0.18
      BEGIN SELECT raise(ABORT, 'refused'); END`);
    await expect(reconstruct({ targets: [target(0.15), target(0.2)] })).rejects.toThrow('refused');
    expect(readdirSync(join(library.folder, runFolder(runId), 'reconstructions'))).toEqual([]);
    expect(listReconstructions(library.db, null)).toEqual([]);
  });

  test.runIf(existsSync('/dev/full'))('when the disk is full', async () => {
    const open = fs.openSync;
    vi.spyOn(fs, 'openSync').mockImplementation((path, flags, mode) =>
      String(path).includes(jobFolder(1)) ? open('/dev/full', 'w') : open(path, flags, mode),
    );
    await expect(reconstruct({ targets: [target(0.15)] })).rejects.toMatchObject({
      code: 'no-space',
      message: expect.stringContaining('no space left') as string,
    });
    vi.restoreAllMocks();
    expectNothingKept();
  });
});
