import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { dirname, join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeSheet } from '../../../native-worker/data/png.ts';
import { openDataset } from '../../../native-worker/data/dataset-file.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { picturesPath, samplePath } from '../../../native-worker/store/paths.ts';
import { insertSample } from '../../../native-worker/store/samples.ts';
import { startServiceUnderTest, type ServiceUnderTest } from '../../support/service-library.ts';
import { makeRun, tinyConfig } from '../../support/training-library.ts';

let under: ServiceUnderTest;
const SIZE = 4;
/** Five pictures in two rows: each of one grey. */
const pixels = Uint8Array.from({ length: 5 * SIZE * SIZE * 3 }, (_, at) => 40 * Math.floor(at / (SIZE * SIZE * 3)));

beforeAll(async () => {
  under = await startServiceUnderTest();
  const library = openLibrary(under.folder);
  const runId = makeRun(library, under.datasetId, tinyConfig());
  for (const [name, gap] of [
    ['tight', 0],
    ['gapped', 2],
  ] as const) {
    const file = samplePath(runId, 16, name);
    mkdirSync(dirname(join(under.folder, file)), { recursive: true });
    writeFileSync(
      join(under.folder, file),
      await encodeSheet({ pixels, resolution: SIZE, channels: 3 }, { columns: 3, gap }),
    );
    insertSample(library.db, {
      runId,
      origin: 'generate',
      nimg: 16,
      sigmaRel: 0.1,
      snapshotId: null,
      model: null,
      seeds: [0, 1, 2, 3, 4],
      labels: [null, null, null, null, null],
      columns: 3,
      resolution: SIZE,
      sampler: { steps: 3, sigmaMin: 0.002, sigmaMax: 80, rho: 7 },
      guidance: null,
      precision: 'fp32',
      file,
      seconds: 1,
    });
  }
  library.close();
});
afterAll(() => under.end());

async function picture(path: string): Promise<{ width: number; height: number; data: Uint8Array }> {
  const { width, height, data } = decode(await under.client.file(path));
  return { width, height, data: Uint8Array.from(data) };
}

test('a sheet comes as it was drawn', async () => {
  expect(await picture('/files/samples/1.png')).toMatchObject({ width: 12, height: 8 });
  expect(await picture('/files/samples/2.png')).toMatchObject({ width: 16, height: 10 });
});

test.each([1, 2])('each picture is cut out of sheet %i pixel for pixel, with and without gaps', async (id) => {
  for (let index = 0; index < 5; index++) {
    const { width, height, data } = await picture(`/files/samples/${id}/${index}.png`);
    expect([width, height, ...new Set(data)]).toEqual([SIZE, SIZE, 40 * index]);
  }
});

test('pictures of a dataset come pixel for pixel, and its mosaic is drawn once', async () => {
  const dataset = openDataset(join(under.folder, picturesPath(under.datasetId)));
  const expected = new Uint8Array(16 * 16 * 3);
  dataset.readPictures([7], expected);
  dataset.close();
  const { data } = await picture(`/files/datasets/${under.datasetId}/pictures/7.png`);
  expect([...data]).toEqual([...expected]);
  const first = await under.client.file(`/files/datasets/${under.datasetId}/mosaic.png`);
  expect(first.equals(await under.client.file(`/files/datasets/${under.datasetId}/mosaic.png`))).toBe(true);
});

test.each([
  '/files/samples/3.png',
  '/files/samples/1/5.png',
  '/files/samples/1/-1.png',
  '/files/samples/01.png',
  '/files/samples/1.png/',
  '/files/samples/1.PNG',
  '/files/samples/../samples/1.png',
  '/files/datasets/1/pictures/40.png',
  '/files/datasets/1/pictures/1e1.png',
  '/files/datasets/99/mosaic.png',
  '/files/datasets/1/pictures.safetensors',
  '/files/datasets/99999999999999999999/mosaic.png',
  '/library.sqlite',
  '/',
])('%s is not there', async (path) => {
  await expect(under.client.file(path)).rejects.toMatchObject({ code: 'not-found' });
});

test('a picture that the browser has already is not sent again', async () => {
  const ask = (headers: Record<string, string>): Promise<{ status: number; etag: string }> =>
    new Promise((resolve) => {
      get({ socketPath: under.service.socket, path: '/files/samples/1.png', headers }, (response) => {
        response.resume();
        resolve({ status: response.statusCode!, etag: String(response.headers.etag) });
      });
    });
  const { status, etag } = await ask({});
  expect(status).toBe(200);
  expect((await ask({ 'if-none-match': etag })).status).toBe(304);
  expect((await ask({ 'if-none-match': '"other"' })).status).toBe(200);
});

test('a sheet whose file has gone is not there, and the service lives on', async () => {
  rmSync(join(under.folder, samplePath(1, 16, 'gapped')));
  await expect(under.client.file('/files/samples/2.png')).rejects.toThrow('is gone');
  expect((await picture('/files/samples/1.png')).width).toBe(12);
});

test.skipIf(process.platform === 'win32')('a pipe or a link in the place of a picture is refused at once', async () => {
  const sheet = join(under.folder, samplePath(1, 16, 'tight'));
  const packed = join(under.folder, picturesPath(under.datasetId));
  const asked = ['/files/samples/1.png', '/files/samples/1/0.png', '/files/datasets/1/pictures/0.png'];
  for (const file of [sheet, packed]) renameSync(file, `${file}.good`);
  for (const put of [
    (file: string) => spawnSync('mkfifo', [file]),
    (file: string) => symlinkSync(`${file}.good`, file), // a picture, too, but whose?
  ]) {
    for (const file of [sheet, packed]) put(file);
    for (const path of asked) await expect(under.client.file(path), path).rejects.toMatchObject({ code: 'not-found' });
    for (const file of [sheet, packed]) rmSync(file);
  }
  for (const file of [sheet, packed]) renameSync(`${file}.good`, file);
  for (const path of asked) expect((await picture(path)).width).toBeGreaterThan(0);
});
