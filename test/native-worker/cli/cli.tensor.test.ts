import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shutdown } from '../../../contract/app.ts';
import { connectToService } from '../../../native-worker/service/connect.ts';
import { root } from '../../support/root.ts';
import { readTraceFile } from '../../support/trace-file.ts';

/** The real command line against a real service, a library of its own and the runtime of this machine. */
let folder: string;
let library: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-cli-'));
  library = join(folder, 'library');
});
afterAll(async () => {
  const client = await connectToService(library);
  await client.call(shutdown, {});
  await client.closed;
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(...args: string[]): { process: ChildProcess; ended: Promise<Ended>; stdout: () => string } {
  const child = spawn(process.execPath, [join(root, 'native-worker/cli/main.ts'), '--library', library, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
  return { process: child, ended, stdout: () => stdout };
}

const edm2 = (...args: string[]): Promise<Ended> => start(...args).ended;

/** The objects that `--json` printed. */
const objects = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Small enough for a test, on the demo set. */
const TINY = [
  'network.modelChannels=8',
  'network.channelMult=[1,2]',
  'network.channelsPerHead=8',
  'network.attnResolutions=[]',
  'training.batchSize=8',
  'grid.sampler.steps=2',
].flatMap((setting) => ['--set', setting]);

async function makePictures(): Promise<string> {
  const pictures = join(folder, 'pictures');
  for (const [name, colour] of Object.entries({ red: '#f00', blue: '#00f' })) {
    mkdirSync(join(pictures, name), { recursive: true });
    for (let index = 0; index < 6; index += 1) {
      await sharp({ create: { width: 20, height: 24, channels: 3, background: colour } })
        .png()
        .toFile(join(pictures, name, `${index}.png`));
    }
  }
  return pictures;
}

test('import, train, look, draw: the whole way by command', async () => {
  const imported = await edm2('import', await makePictures(), '--name', 'Colours', '--resolution', '16', '--json');
  expect(imported).toMatchObject({ code: 0, stderr: '' });
  expect(objects(imported.stdout).at(-1)).toMatchObject({
    type: 'dataset',
    dataset: { name: 'Colours', count: 12, classes: ['blue', 'red'], resolution: 16 },
    problems: [],
  });

  const trained = await edm2(
    ...['train', '--dataset', 'Colours', '--name', 'first', '--json', ...TINY],
    ...['--set', 'training.durationImages=64', '--set', 'logging.tickImages=16'],
  );
  expect(trained).toMatchObject({ code: 0, stderr: '' });
  const told = objects(trained.stdout);
  expect(told[0]).toMatchObject({ type: 'run', name: 'first' });
  expect(told.filter(({ type }) => type === 'tick').map(({ nimg }) => nimg)).toEqual([16, 32, 48, 64]);
  expect(told.at(-1)).toMatchObject({ type: 'ended', state: 'finished', nimg: 64 });

  const listed = objects((await edm2('runs', '--json')).stdout);
  expect(listed).toMatchObject([{ type: 'run', name: 'first', state: 'finished', nimg: 64 }]);
  expect((await edm2('runs', 'show', 'first')).stdout).toContain('64 images of 64 images');

  const drawn = await edm2(
    'sample',
    '--run',
    'first',
    '--seeds',
    '0-5',
    '--classes',
    'all',
    '--columns',
    '3',
    '--steps',
    '2',
    '--out',
    'out/sheet.png',
  );
  expect(drawn).toMatchObject({ code: 0, stderr: '' });
  const sheet = join(folder, 'out/sheet.png');
  expect(drawn.stdout).toContain(sheet);
  expect(await sharp(sheet).metadata()).toMatchObject({ width: 48, height: 32, format: 'png' });
});

test('a step of a run is measured, that of one that trains by the run itself', async () => {
  const file = join(folder, 'step.json');
  const measured = await edm2('profile', '--run', 'first', '--sampling', '--trace', file, '--json');
  expect(measured).toMatchObject({ code: 0, stderr: '' });
  const told = objects(measured.stdout).at(-1)!;
  expect(told).toMatchObject({ type: 'profile', runId: 1, nimg: 64, work: 'sampling', file });
  expect(readTraceFile(readFileSync(file, 'utf8')).complete.length).toBeGreaterThan(told.ops as number);

  const settings = ['--set', 'training.durationImages=1000000', '--set', 'logging.tickImages=16'];
  const started = await edm2('train', '--dataset', 'Colours', '--name', 'busy', '--detach', ...TINY, ...settings);
  expect(started.code).toBe(0);
  // It may not have begun yet.
  let ofRun = await edm2('profile', '--run', 'busy');
  for (let tries = 0; ofRun.code !== 0 && tries < 50; tries += 1) ofRun = await edm2('profile', '--run', 'busy');
  expect(ofRun.stderr).toBe('');
  expect(ofRun.stdout).toMatch(/A training step of 8 pictures, in two halves side by side: [\d,]+ ops ran/);
  const other = await edm2('profile', '--run', 'first');
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('"busy" trains') as string });
  expect((await edm2('runs', 'stop', 'busy')).code).toBe(0);

  const both = await edm2('profile', '--run', 'first', '--preset', 'demo');
  expect(both).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("cannot be used with option '--preset") as string,
  });
});

test('an average that is not stored is reconstructed: kept as a file, found again, and drawn with', async () => {
  const asked = [
    'reconstruct',
    'first',
    '--sigma-rel',
    '0.15',
    '--sigma-rel',
    '0.07',
    '--out',
    'average-{sigma_rel}.safetensors',
    '--json',
  ];
  const made = await edm2(...asked);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  const kept = objects(made.stdout).filter(({ type }) => type === 'reconstruction');
  expect(kept).toMatchObject([
    { sigmaRel: 0.15, nimg: 64, isNew: true, file: join(folder, 'average-0.15.safetensors') },
    { sigmaRel: 0.07, nimg: 64, isNew: true, file: join(folder, 'average-0.07.safetensors') },
  ]);
  for (const { file, path } of kept) expect(readFileSync(String(file))).toEqual(readFileSync(String(path)));
  const earlier = asked.map((word) => word.replace('--sigma-rel', '--std').replace('{sigma_rel}', '{std}'));
  const found = objects((await edm2(...earlier)).stdout);
  expect(found).toMatchObject(kept.map(({ id, file }) => ({ id, file, isNew: false })));

  const [{ id }] = kept as [{ id: number }];
  expect(await edm2('reconstructions', 'rename', String(id), 'the long one')).toMatchObject({ code: 0 });
  expect((await edm2('reconstructions', '--run', 'first')).stdout).toContain('the long one');
  expect(await edm2('reconstructions', 'delete', String(id))).toMatchObject({ code: 0, stderr: '' });
  expect(objects((await edm2('reconstructions', '--json')).stdout)).toMatchObject([{ sigmaRel: 0.07 }]);

  const drawn = await edm2(
    ...['sample', '--run', 'first', '--sigma-rel', '0.2', '--seeds', '0-1', '--columns', '2', '--steps', '2'],
    ...['--out', 'long.png'],
  );
  expect(drawn).toMatchObject({ code: 0, stderr: '' });
  expect(drawn.stdout).toContain('reconstructed from the stored averages, predicted error');
  expect(await sharp(join(folder, 'long.png')).metadata()).toMatchObject({ width: 32, height: 16 });
});

test('an earlier snapshot of the same run guides, with churn on top', async () => {
  const { snapshots } = objects((await edm2('runs', 'show', 'first', '--json')).stdout)[0] as {
    snapshots: { nimg: number; sigmaRel: number }[];
  };
  expect(snapshots.some(({ sigmaRel }) => sigmaRel === 0.05)).toBe(true);
  const drawn = await edm2(
    ...['sample', '--run', 'first', '--seeds', '0-3', '--columns', '2', '--steps', '3', '--out', 'guided.png'],
    ...['--guide', 'first', '--guide-sigma-rel', '0.05', '--guidance', '1.7', '--churn', '2', '--churn-max', '50'],
  );
  expect(drawn).toMatchObject({ code: 0, stderr: '' });
  expect(drawn.stdout).toContain('guided 1.7 × by "first" at 64 images, σ_rel 0.05');
  expect(await sharp(join(folder, 'guided.png')).metadata()).toMatchObject({ width: 32, height: 32 });
});

test('Ctrl+C pauses a run with a checkpoint and says how to go on; resuming ends where the run was to end', async () => {
  const run = start(
    ...['train', '--dataset', 'Emoji', '--name', 'long', ...TINY, '--set', 'training.durationImages=480'],
    ...['--set', 'logging.tickImages=8'],
  );
  while (!run.stdout().includes('img/s')) await new Promise((resolve) => setTimeout(resolve, 50));
  run.process.kill('SIGINT');
  const ended = await run.ended;
  expect(ended.code).toBe(130);
  expect(ended.stdout).toContain('Pausing');
  expect(/Paused at .* `edm2 runs resume \d+` goes on/.test(ended.stdout)).toBe(true);
  const [paused] = objects((await edm2('runs', '--json')).stdout).filter(({ name }) => name === 'long');
  expect(paused).toMatchObject({ state: 'paused' });
  expect(paused!.nimg).toBeGreaterThan(0);

  const resumed = await edm2('runs', 'resume', 'long', '--json');
  expect(resumed.code).toBe(0);
  expect(objects(resumed.stdout).at(-1)).toMatchObject({ type: 'ended', state: 'finished', nimg: 480 });

  expect((await edm2('runs', 'resume', 'long')).stderr).toContain(
    '"long" has seen 480 images. To go on, it needs more in all than that.',
  );
  const more = await edm2('runs', 'continue', 'long', '--images', '512', '--json');
  expect(objects(more.stdout).at(-1)).toMatchObject({ type: 'ended', state: 'finished', nimg: 512 });
  expect(objects((await edm2('runs', 'show', 'long', '--json')).stdout)[0]).toMatchObject({ durationImages: 512 });
});

test('a detached run goes on by itself and can be stopped', async () => {
  const started = await edm2(
    'train',
    '--dataset',
    'Emoji',
    '--name',
    'detached',
    '--detach',
    ...TINY,
    '--set',
    'training.durationImages=1000000',
  );
  expect(started).toMatchObject({ code: 0 });
  const show = async (): Promise<Record<string, unknown>> =>
    objects((await edm2('runs', 'show', 'detached', '--json')).stdout)[0]!;
  const wait = async (wanted: (shown: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> => {
    for (;;) {
      const shown = await show();
      if (wanted(shown)) return shown;
      if (shown.state === 'failed') throw new Error('the run failed');
    }
  };
  // Before its first step there would be nothing to take a snapshot of.
  await wait(({ nimg }) => Number(nimg) > 0);
  expect(await edm2('runs', 'stop', 'detached')).toMatchObject({ code: 0 });
  const stopped = await wait(({ state }) => state === 'stopped');
  expect(stopped.snapshots).toHaveLength(2);
});

test('the demo trains on the set that ships with the app and writes a grid', async () => {
  const demo = await edm2('demo', '--images', '32', '--out', 'demo.png');
  expect(demo).toMatchObject({ code: 0, stderr: '' });
  expect(demo.stdout).toContain('img/s');
  expect(await sharp(join(folder, 'demo.png')).metadata()).toMatchObject({ width: 8 * 32, height: 9 * 32 });
});

test.each([
  [1, ['sample', '--run', 'nobody'], 'There is no run "nobody"'],
  [2, ['sample', '--run', 'first', '--guide', 'first'], 'the very network of "first"'],
  [2, ['sample', '--run', 'first', '--guidance', '2'], '--guide, the run that guides'],
  [2, ['sample', '--run', 'first', '--churn-max', '50'], 'need --churn'],
  [2, ['sample', '--run', 'first', '--churn', '2000'], '--churn must be at most 1000'],
  [2, ['sample', '--run', 'first', '--engine', 'eager', '--precision', 'bf16'], 'only float32'],
  [1, ['train', '--dataset', 'nothing'], 'There is no dataset "nothing"'],
  [2, ['train', '--dataset', 'Emoji', '--preset', 'huge'], 'There is no preset "huge"'],
  [2, ['train', '--dataset', 'Emoji', '--set', 'training.batchSize=0'], 'training.batchSize'],
  [
    2,
    ['train', '--dataset', 'Emoji', '--set', 'network.channelMult=[1,2,2,2,2,2]', '--set', 'network.numBlocks=9'],
    'network.numBlocks',
  ],
  [2, ['train'], '--dataset'],
  [2, ['frobnicate'], 'unknown command'],
  [2, ['demo', '--minutes', 'soon'], '--minutes'],
  [1, ['import', '/does/not/exist', '--name', 'x'], '/does/not/exist'],
  [2, ['import', '.', '--name', 'x', '--resolution', '33'], '--resolution'],
  [1, ['runs', 'pause', 'first'], 'first'],
  [2, ['reconstruct', 'first', '--sigma-rel', '0.3'], '--sigma-rel takes a number above 0 and below 0.2887'],
  [2, ['reconstruct', 'first', '--sigma-rel', '0.1', '--std', '0.2', '--out', 'x'], '{sigma_rel}'],
  [1, ['reconstruct', 'first', '--sigma-rel', '0.1', '--at', '999'], 'no snapshot at 999 images'],
  [1, ['reconstructions', 'delete', '999'], 'no kept reconstruction 999'],
  [2, ['reconstructions', 'rename', '1', ''], '1 to 100 characters'],
  [2, ['serve', '--port', '70000'], '--port'],
] as const)('exit code %i and one sentence for: edm2 %j', async (code, args, sentence) => {
  const ended = await edm2(...args);
  expect(ended.code).toBe(code);
  expect(ended.stderr).toContain(sentence);
  expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(ended.stdout).toBe('');
  const asJson = await edm2(...args, '--json');
  expect(asJson.code).toBe(code);
  if (asJson.stdout !== '') expect(objects(asJson.stdout)).toMatchObject([{ type: 'error' }]);
});

test('a place where no file can be is said before the pictures are drawn', async () => {
  const ended = await edm2('sample', '--run', 'first', '--seeds', '0', '--steps', '2', '--out', '/proc/nowhere/x.png');
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain('/proc/nowhere/x.png');
  expect(ended.stdout).toBe('');
  const asFolder = await edm2('demo', '--out', '.');
  expect(asFolder.code).toBe(1);
  expect(asFolder.stderr).toContain("can't be written");
});

test('serve prints an address and ends with Ctrl+C', async () => {
  const serving = start('serve', '--json');
  while (!serving.stdout().includes('\n')) await new Promise((resolve) => setTimeout(resolve, 50));
  const { url } = objects(serving.stdout())[0]!;
  const answer = await fetch(url as string, { redirect: 'manual' });
  expect(answer.status).toBeLessThan(500);
  serving.process.kill('SIGINT');
  expect((await serving.ended).code).toBe(0);
});
