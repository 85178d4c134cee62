import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shutdown } from '../../../contract/app.ts';
import { connectToService } from '../../../native-worker/service/connect.ts';
import { insertTick } from '../../../native-worker/store/ticks.ts';
import { root } from '../../support/root.ts';
import { exampleTick } from '../../support/ticks.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

/** `edm2 export` of numbers, and what the service hands over of a run for the app. */

let folder: string;
let remove: () => void;
const out = mkdtempSync(join(tmpdir(), 'edm2-export-'));
beforeAll(async () => {
  const made = await makeLibrary();
  ({ remove } = made);
  ({ folder } = made.library);
  const [first, second] = [0, 0].map(() => makeRun(made.library, made.datasetId, tinyConfig()));
  for (let nimg = 8; nimg <= 32; nimg += 8) insertTick(made.library.db, first!, exampleTick(nimg, { loss: nimg / 4 }));
  insertTick(made.library.db, second!, exampleTick(16, { loss: 0.5 }));
  makeRun(made.library, made.datasetId, tinyConfig());
  made.library.db.exec(`UPDATE runs SET state = 'paused'`);
  made.library.close();
});
afterAll(async () => {
  const client = await connectToService(folder);
  await client.call(shutdown, {});
  await client.closed;
  remove();
  rmSync(out, { recursive: true });
});

const edm2 = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [join(root, 'native-worker/cli/main.ts'), '--library', folder, 'export', ...args], {
    encoding: 'utf8',
  });

test('numbers of several runs are printed, or written to a file, as CSV or JSON', () => {
  const printed = edm2('1', '2', '--csv');
  expect(printed).toMatchObject({ status: 0, stderr: '' });
  expect(
    printed.stdout
      .trimEnd()
      .split('\r\n')
      .map((line) => line.split(',')[0]),
  ).toEqual(['run', '1', '1', '1', '1', '2']);
  expect(edm2('1', '2', '--csv', '--out', '-').stdout).toBe(printed.stdout);
  const file = join(out, 'new', 'runs.json');
  expect(edm2('2', '--json', '--layers', '--out', file).stdout).toBe(
    `${JSON.stringify({ type: 'exported', runIds: [2], file })}\n`,
  );
  const { fields, runs } = JSON.parse(readFileSync(file, 'utf8')) as {
    fields: string[];
    runs: { ticks: number[][] }[];
  };
  expect(runs[0]!.ticks[0]![fields.indexOf('loss')]).toBe(0.5);
});

test('what can’t be meant, and what can’t be written, is told, and nothing is left behind', () => {
  expect(edm2('1')).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringContaining('--csv, --json, or') as string,
  });
  expect(edm2('1', '--csv', '--json').status).toBe(2);
  expect(edm2('1', '--csv', '--tensorboard', out).status).toBe(2);
  expect(edm2('99', '--csv')).toMatchObject({ status: 1, stdout: '' });
  expect(edm2('1', '--csv', '--out', join(root, 'package.json', 'x')).status).toBe(1);
  expect(existsSync(join(out, 'x'))).toBe(false);
});

test('the service hands over the event file of a run, and says of one without numbers that it has none', async () => {
  const client = await connectToService(folder);
  const file = await client.file('/files/runs/1/tensorboard');
  expect(file.subarray(12).toString('latin1')).toContain('brain.Event:2');
  expect(file.toString('latin1')).toContain('run/loss');
  await expect(client.file('/files/runs/3/tensorboard')).rejects.toThrow('has recorded nothing yet');
  await expect(client.pieces('/files/runs/1,99/ticks.csv')[Symbol.asyncIterator]().next()).rejects.toThrow(
    expect.objectContaining({ code: 'not-found' }),
  );
  client.close();
});
