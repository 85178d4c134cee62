import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JobMessage } from '../../../contract/job-messages.ts';
import type { JobParameters, Progress } from '../../../contract/jobs.ts';
import { describeDataset } from '../../../native-worker/data/dataset-file.ts';
import { importFolder } from '../../../native-worker/data/import.ts';
import type { JobContext, Requested } from '../../../native-worker/jobs/context.ts';
import { runImport } from '../../../native-worker/jobs/import.ts';
import { openLibrary, type Library } from '../../../native-worker/store/library.ts';
import { describeOnSmallDisks, mountSmallDisk, type SmallDisk } from '../../support/small-disk.ts';

let base = '';
let library: Library;
beforeEach(() => {
  base = fs.mkdtempSync(path.join(os.tmpdir(), 'edm2-import-job-'));
  fs.mkdirSync(path.join(base, 'pictures'));
  library = openLibrary(path.join(base, 'library'), { migrate: true });
});
afterEach(() => {
  library.close();
  fs.rmSync(base, { recursive: true, force: true });
});

async function put(count: number): Promise<void> {
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 40 };
  const picture = sharp({ create: { width: 64, height: 64, channels: 3, background: '#888', noise } });
  const png = await picture.png().toBuffer();
  for (let i = 0; i < count; i++) fs.writeFileSync(path.join(base, 'pictures', `${i}.png`), png);
}

function job(requested: () => Requested = () => null): { context: JobContext; sent: JobMessage[] } {
  const sent: JobMessage[] = [];
  const parameters: JobParameters = {
    kind: 'import',
    path: path.join(base, 'pictures'),
    options: { name: 'Noise', resolution: 64 },
  };
  return {
    context: {
      library,
      job: { id: 7, parameters },
      send: (message) => sent.push(message),
      requested,
      toMeasure: () => false,
      measured: () => undefined,
    },
    sent,
  };
}

const tmp = (): string[] => fs.readdirSync(path.join(library.folder, 'files/tmp'));

describe('an import job', () => {
  test('leaves a packed file in its own folder, and the bad files in its outcome', async () => {
    await put(5);
    fs.writeFileSync(path.join(base, 'pictures', 'bad.png'), 'x');
    const { context, sent } = job();
    const outcome = await runImport(context);
    expect(outcome).toEqual({
      kind: 'imported',
      file: 'files/tmp/job-7/pictures.safetensors',
      problems: [{ file: 'bad.png', reason: 'is not a PNG, JPEG or WebP picture' }],
    });
    const facts = await describeDataset(path.join(library.folder, 'files/tmp/job-7/pictures.safetensors'));
    expect(facts).toMatchObject({ name: 'Noise', source: 'Folder pictures', count: 5, resolution: 64, channels: 3 });
    expect(sent.at(-1)).toEqual({
      type: 'progress',
      progress: { done: 6, total: 6, unit: 'files', text: 'Reading pictures, 1 left out' },
    });
  });

  test('does not flood the service with progress', async () => {
    await put(300);
    const { context, sent } = job();
    const started = performance.now();
    await runImport(context);
    expect(sent.length).toBeLessThan(5 + (performance.now() - started) / 100);
  });

  test.each(['cancel', 'stop', 'pause'] as const)(
    'that is asked to %s ends as cancelled and leaves nothing',
    async (asked) => {
      await put(20);
      let looks = 0;
      const { context } = job(() => (++looks > 8 ? asked : null));
      expect(await runImport(context)).toEqual({ kind: 'cancelled' });
      expect(tmp()).toEqual([]);
    },
  );

  test('that fails leaves nothing', async () => {
    await expect(runImport(job().context)).rejects.toMatchObject({ code: 'dataset' });
    expect(tmp()).toEqual([]);
  });
});

describeOnSmallDisks('on a full disk', () => {
  let disk: SmallDisk;
  beforeEach(() => {
    disk = mountSmallDisk(6);
  });
  afterEach(() => disk.remove());

  const importTo = (report: (progress: Progress) => void): Promise<unknown> =>
    importFolder({
      folder: path.join(base, 'pictures'),
      options: { name: 'x', resolution: 64 },
      target: path.join(disk.place, 'pictures.safetensors'),
      report,
      cancelled: () => false,
    });

  test('an import says before it begins how much it needs', async () => {
    await put(700); // 8.6 MB
    let reports = 0;
    await expect(importTo(() => (reports += 1))).rejects.toMatchObject({
      code: 'no-space',
      message: expect.stringMatching(/need 9 MB and 7 MB are free/u) as string,
    });
    expect(reports).toBe(0);
    expect(fs.readdirSync(disk.place)).toEqual([]);
  });

  test('an import whose space others take meanwhile says so and leaves nothing half-made', async () => {
    await put(400); // 4.9 MB
    let filled = false;
    const fill = ({ text }: Progress): void => {
      if (filled || !text.startsWith('Reading')) return;
      filled = true;
      fs.writeFileSync(path.join(disk.place, 'other'), new Uint8Array(4e6));
    };
    await expect(importTo(fill)).rejects.toMatchObject({
      code: 'no-space',
      message: expect.stringContaining('no space left to write pictures.safetensors') as string,
    });
    expect(fs.readdirSync(disk.place)).toEqual(['other']);
  });
});
