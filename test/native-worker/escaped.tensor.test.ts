import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shutdown } from '../../contract/app.ts';
import { BenchAnswer } from '../../contract/bench.ts';
import { createRun, getRun, runLog } from '../../contract/runs.ts';
import { ToyMessage } from '../../contract/toy.ts';
import { LineProcess } from '../../native-worker/system/line-process.ts';
import { connectToService } from '../../native-worker/service/connect.ts';
import { benchScript, toyScript } from '../../native-worker/service/program-files.ts';
import { insertJob } from '../../native-worker/store/jobs.ts';
import { prepareEscape } from '../support/escape.ts';
import { startJobProcess } from '../support/job-process.ts';
import { root } from '../support/root.ts';
import { until } from '../support/service-library.ts';
import { makeLibrary, makeRun, tinyConfig } from '../support/training-library.ts';

/** Errors that nobody caught, in the programs that load TensorFlow, while they work. */

/** A busy machine needs some time to load TensorFlow. */
const PATIENCE_MS = 200_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-escaped-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Long enough that it does not end by itself. */
const long = tinyConfig({ durationImages: 1_000_000 }, { checkpointImages: 16 });

test('an error that nobody caught in a training process fails its run as a bug, with the stack on its error output', async () => {
  const { library, datasetId, remove } = await makeLibrary();
  const runId = makeRun(library, datasetId, long);
  const id = insertJob(library.db, { parameters: { kind: 'train', runId, engine: 'graph' }, title: 'test', runId });
  const escape = prepareEscape(folder, 'jobs/main.ts');
  const job = startJobProcess(library.folder, id, { variables: escape.variables });
  await job.until(({ type }) => type === 'ticked');
  escape.happen('throw');
  const { code, stderr } = await job.gone;
  expect(code).toBe(1);
  expect(job.messages.at(-1)).toMatchObject({ type: 'ended', outcome: { kind: 'failed', code: 'internal' } });
  expect(stderr).toContain('Error: nobody expected this\n    at');
  remove();
});

test.each(['throw', 'reject'] as const)(
  'an error that nobody caught (%s) in the toy is told to its command',
  async (how) => {
    const escape = prepareEscape(folder, 'toy/main.ts');
    const toy = new LineProcess(process.execPath, [toyScript()], { ...process.env, ...escape.variables });
    toy.write(JSON.stringify({ steps: 100_000, seed: 0, guidance: 2 }));
    const next = async (): Promise<ToyMessage> => ToyMessage.parse(JSON.parse(await toy.read()));
    let message = await next();
    escape.happen(how);
    while (message.type === 'progress') message = await next();
    const failed = 'The toy failed unexpectedly. nobody expected this';
    expect(message).toEqual({ type: 'failed', code: 'internal', message: failed });
    await expect(toy.read()).rejects.toThrow('it ended (1)');
  },
);

test('an error that nobody caught in the process that measures is told to its command', async () => {
  const escape = prepareEscape(folder, 'bench/main.ts');
  const bench = new LineProcess(process.execPath, [benchScript()], { ...process.env, ...escape.variables });
  bench.write(JSON.stringify({ config: tinyConfig(), shape: { resolution: 8, channels: 3, labelDim: 2 } }));
  const next = async (): Promise<BenchAnswer> => BenchAnswer.parse(JSON.parse(await bench.read()));
  expect((await next()).type).toBe('ready');
  escape.happen('throw');
  const failed = 'Measuring failed unexpectedly. nobody expected this';
  expect(await next()).toEqual({ type: 'failed', code: 'internal', message: failed });
  await expect(bench.read()).rejects.toThrow('it ended (1)');
});

test('an error that nobody caught in the service of edm2 serve is told, the service starts again, and the run goes on', async () => {
  const made = await makeLibrary();
  const { datasetId } = made;
  const library = made.library.folder;
  made.library.close();
  const escape = prepareEscape(folder, 'service/main.ts');
  const args = ['native-worker/cli/main.ts', 'serve', '--library', library];
  const command = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...escape.variables } });
  let said = '';
  command.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await until(() => said.includes('EDM2 Studio is at'), PATIENCE_MS);
  const client = await connectToService(library);
  const { runId } = await client.call(createRun, { name: 'goes on', datasetId, config: long });
  const trained = (nimg: number, asked = client): Promise<boolean> =>
    until(async () => (await asked.call(getRun, { id: runId })).nimg > nimg, PATIENCE_MS);
  await trained(0);
  escape.happen('reject');
  await client.closed;
  await until(() => said.match(/EDM2 Studio is at/gu)?.length === 2, PATIENCE_MS);
  expect(said).toContain("EDM2 Studio's service ended unexpectedly; its log");
  expect(said).toContain('It was started again, and a run that trained goes on from its last checkpoint.');
  const again = await connectToService(library);
  expect(again.pid).not.toBe(client.pid);
  const log = await until(async () => {
    const lines = await again.call(runLog, { id: runId });
    return lines.some(({ text }) => text.includes('Training goes on from its checkpoint')) && lines;
  }, PATIENCE_MS);
  const from = Number(
    /checkpoint at ([\d,]+) images/u.exec(log.map(({ text }) => text).join('\n'))?.[1]?.replaceAll(',', ''),
  );
  expect(from).toBeGreaterThan(0);
  await trained(from, again);
  const exit = new Promise((resolve) => command.once('exit', resolve));
  command.kill('SIGINT');
  expect(await exit).toBe(0);
  await again.call(shutdown, {});
  await again.closed;
  made.remove();
});
