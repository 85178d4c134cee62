import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shutdown } from '../../../contract/app.ts';
import { runTrain } from '../../../native-worker/jobs/train.ts';
import { connectToService } from '../../../native-worker/service/connect.ts';
import { readDynamics } from '../../../native-worker/store/dynamics.ts';
import { readTicks } from '../../../native-worker/store/ticks.ts';
import { root } from '../../support/root.ts';
import { lacksForTensorBoard, readEvents } from '../../support/tensorboard.ts';
import { makeContext, makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

/** `edm2 export`: what TensorBoard's own reader finds is what the library has. */

const lack = lacksForTensorBoard();

let library: string;
let out: string;
let remove: () => void;
let ticks: ReturnType<typeof readTicks>;
let validation: ReturnType<typeof readDynamics>;
beforeAll(async () => {
  const made = await makeLibrary();
  library = made.library.folder;
  remove = made.remove;
  out = mkdtempSync(join(tmpdir(), 'edm2-events-'));
  const config = tinyConfig({ durationImages: 32 }, { tickImages: 8, sampleImages: 16, validationImages: 16 });
  const runId = makeRun(made.library, made.datasetId, config);
  makeRun(made.library, made.datasetId, config);
  const parameters = { kind: 'train', runId, engine: 'graph' } as const;
  await runTrain(makeContext(made.library, parameters).context, parameters);
  ticks = readTicks(made.library.db, runId, { afterNimg: -1, maxPoints: 100 });
  validation = readDynamics(made.library.db, runId, 'validation', { maxColumns: 100 });
  made.library.db.exec("UPDATE jobs SET state = 'done'");
  made.library.db.exec("UPDATE runs SET state = 'finished'");
  made.library.close();
});
afterAll(async () => {
  const client = await connectToService(library);
  await client.call(shutdown, {});
  await client.closed;
  remove();
  rmSync(out, { recursive: true, force: true });
});

const edm2 = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [join(root, 'native-worker/cli/main.ts'), '--library', library, 'export', ...args], {
    encoding: 'utf8',
  });

test.skipIf(lack !== null)('TensorBoard reads every number and grid', () => {
  expect(edm2('1', '--tensorboard', out)).toMatchObject({ status: 0, stderr: '' });
  expect(edm2('1', '--tensorboard', out, '--layers').status).toBe(0); // in the place of the first
  const { scalars, images } = readEvents(join(out, '1 test'));
  expect(scalars['run/loss']!.map(([step, value]) => [step, value])).toEqual(
    ticks.nimg.map((nimg, at) => [nimg, Math.fround(ticks.loss[at]!)]),
  );
  const wall = scalars['run/loss']!.map(([, , at]) => at);
  expect(wall.at(-1)! - wall[0]!).toBeCloseTo(ticks.trainSeconds.at(-1)! - ticks.trainSeconds[0]!, 3);
  for (const [row, name] of validation.layers.entries()) {
    expect(scalars[`validation/${name}`]!.map(([step, value]) => [step, value])).toEqual(
      validation.nimg.map((nimg, at) => [nimg, validation.values[row]![at]]),
    );
  }
  expect(Object.keys(scalars)).toEqual(
    expect.arrayContaining(['weight/unet.enc.16x16_conv', 'average-activation-max/Enc 16×16']),
  );
  const size = (png: Buffer): number[] => [png.readUInt32BE(16), png.readUInt32BE(20)];
  expect(images.samples!.map(([step, width, height, head]) => [step, width, height, size(Buffer.from(head))])).toEqual([
    [16, 48, 32, [48, 32]],
    [32, 48, 32, [48, 32]],
  ]);
  const words = readFileSync(join(out, '1 test/tags.txt'), 'utf8');
  expect(words).toContain('validation/…: mean of λ(σ)·(D − y)²');
});

test.skipIf(lack !== null)('it reads the same in the file that the app saves', async () => {
  const client = await connectToService(library);
  const folder = mkdtempSync(join(out, 'app-'));
  writeFileSync(join(folder, 'events.out.tfevents.edm2-studio-1'), await client.file('/files/runs/1/tensorboard'));
  client.close();
  expect(edm2('1', '--tensorboard', out).status).toBe(0);
  expect(readEvents(folder)).toEqual(readEvents(join(out, '1 test')));
});

test('what can’t be written, and a run without numbers, are told', () => {
  expect(edm2('1')).toMatchObject({ status: 2, stdout: '' });
  expect(edm2('2', '--tensorboard', out)).toMatchObject({
    status: 1,
    stderr: 'Run 2 "test" has recorded nothing yet.\n',
  });
  expect(edm2('1', '--tensorboard', join(root, 'package.json')).status).toBe(1);
});
