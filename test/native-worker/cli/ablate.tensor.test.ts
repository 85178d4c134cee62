import { spawnSync } from 'node:child_process';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shutdown } from '../../../contract/app.ts';
import { connectToService } from '../../../native-worker/service/connect.ts';
import { datasetPath } from '../../../native-worker/store/datasets.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { insideLibrary } from '../../../native-worker/store/paths.ts';
import { listRuns } from '../../../native-worker/store/runs.ts';
import { root } from '../../support/root.ts';
import { makeLibrary } from '../../support/training-library.ts';

/** `edm2 ablate`, from the plan to the end of its runs. */

let folder: string;
let pictures: string;
let remove: () => void;
beforeEach(async () => {
  const made = await makeLibrary();
  ({ remove } = made);
  ({ folder } = made.library);
  pictures = insideLibrary(folder, datasetPath(made.library, made.datasetId));
  made.library.close();
});
afterEach(async () => {
  const client = await connectToService(folder);
  await client.call(shutdown, {});
  await client.closed;
  remove();
});

const TINY = ['modelChannels=8', 'channelsPerHead=8', 'channelMult=[1,2]', 'attnResolutions=[]', 'logvarChannels=8']
  .map((setting) => `network.${setting}`)
  .concat('training.durationImages=8', 'training.batchSize=4', 'logging.tickImages=4', 'logging.sampleImages=0')
  .flatMap((setting) => ['--set', setting]);

const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [join(root, 'native-worker/cli/main.ts'), '--library', folder, ...args], {
    encoding: 'utf8',
  });

const ablate = (...args: string[]): ReturnType<typeof run> =>
  run('ablate', '--dataset', 'brightness', ...TINY, ...args);

const runs = (): { name: string; state: string; tags: readonly string[] }[] => {
  const library = openLibrary(folder, { migrate: false });
  try {
    return listRuns(library.db, { trashed: false }).map(({ name, state, tags }) => ({ name, state, tags }));
  } finally {
    library.close();
  }
};

test('a dry run says which runs there would be, and makes none', () => {
  const { status, stdout, stderr } = ablate('--grid', 'rung=C,G', '--seeds', '0..1', '--dry-run');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.split('\n')).toEqual([
    '"brightness-demo": 4 runs, 32 images in all. How long they take is not known before one has run here.',
    'run               images',
    'rung C, seed 0  8 images',
    'rung C, seed 1  8 images',
    'rung G, seed 0  8 images',
    'rung G, seed 1  8 images',
    '',
  ]);
  expect(runs()).toEqual([]);
});

test.each([
  [['--dry-run'], 'Say what is to differ: --grid rung=A..G, or --seeds 0..2.'],
  [['--grid', 'lr=0.01,5'], 'The run of lr 5 can’t be'],
  [['--grid', 'seed=0..999'], 'This grid has 1000 runs'],
  [['--grid', 'rung=A,G', '--name', 'two words'], '--name takes one word'],
])('what makes no sense is told while nothing is queued: %j', (args, sentence) => {
  const { status, stderr } = ablate(...args);
  expect(status).toBe(2);
  expect(stderr.replaceAll("'", '’')).toContain(sentence);
  expect(runs()).toEqual([]);
});

test('all are trained one after the other and told at the end', () => {
  const { status, stdout } = ablate('--grid', 'rung=E,G', '--name', 'steps', '--wait');
  // Without validation of its own interval there is one at the end.
  const board =
    /^ +runs +validation error at 8 images +weights +activations +img\/s\nE +finished +\d\S+ +×1\.00 +×\S+ +\d\S+\nG +finished +\d\S+ +×1\.00/m;
  expect(stdout).toMatch(board);
  expect(status).toBe(0);
  expect(runs()).toEqual([
    { name: 'steps: rung G', state: 'finished', tags: ['steps'] },
    { name: 'steps: rung E', state: 'finished', tags: ['steps'] },
  ]);
  expect(run('ablate', 'show', 'steps').stdout).toMatch(board);
  expect(run('ablate', 'show', 'step')).toMatchObject({ status: 1, stdout: '' });
  // The same again is another ablation.
  expect(ablate('--grid', 'rung=E,G', '--name', 'steps', '--dry-run').stdout).toContain('"steps-2": 2 runs');
});

test('where one fails the exit code says so; where one is refused, how many are queued', () => {
  truncateSync(pictures, 1000);
  const failed = ablate('--grid', 'seed=0,1', '--wait');
  expect(failed.stdout).toMatch(/2 failed/);
  expect(failed.status).toBe(1);
  const refused = ablate('--grid', 'precision=fp32,fp16');
  expect(refused.stderr).toContain('1 of 2 are queued; precision fp16 is refused: ');
  expect(refused.status).toBe(2);
});
