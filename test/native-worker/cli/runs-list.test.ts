import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shutdown } from '../../../contract/app.ts';
import { climb } from '../../../contract/ladder.ts';
import { runFields } from '../../../contract/run-fields.ts';
import { connectToService } from '../../../native-worker/service/connect.ts';
import { editRun } from '../../../native-worker/store/runs.ts';
import { root } from '../../support/root.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

/** `edm2 runs list` against a library of some runs. */

let folder: string;
let remove: () => void;
beforeAll(async () => {
  const made = await makeLibrary();
  ({ remove } = made);
  ({ folder } = made.library);
  const { db } = made.library;
  for (const [name, rung, learningRate, seed] of [
    ['first', 'C', 0.1, 1],
    ['second, "quoted"', 'G', 0.01, 2],
    ['third', 'C', 0.2, 3],
  ] as const) {
    const id = makeRun(made.library, made.datasetId, climb(tinyConfig({ learningRate, seed }), rung));
    editRun(db, id, { name, tags: rung === 'C' ? ['paper', 'c'] : [] });
  }
  db.exec(`UPDATE runs SET state = 'paused'; UPDATE runs SET state = 'failed', nimg = 32 WHERE id = 3`);
  made.library.close();
});
afterAll(async () => {
  const client = await connectToService(folder);
  await client.call(shutdown, {});
  await client.closed;
  remove();
});

const edm2 = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [join(root, 'native-worker/cli/main.ts'), '--library', folder, 'runs', ...args], {
    encoding: 'utf8',
  });

test('edm2 runs lists all runs, newest first', () => {
  const { status, stdout, stderr } = edm2();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.split('\n')).toEqual([
    'id  name              state   dataset     rung  progress      total  loss  speed',
    ' 3  third             failed  brightness  C         50 %  64 images     –      –',
    ' 2  second, "quoted"  paused  brightness  G          0 %  64 images     –      –',
    ' 1  first             paused  brightness  C          0 %  64 images     –      –',
    '',
  ]);
});

test('a filter, an order and columns choose what is printed', () => {
  const { stdout } = edm2('list', '--filter', 'rung:C lr<0.005', '--sort', 'lr', '--columns', 'name,lr,seed,state');
  expect(stdout.split('\n')).toEqual([
    'name   learningRate  seed  state',
    'first         0.002     1  paused',
    'third         0.004     3  failed',
    '',
  ]);
  expect(edm2('list', '--filter', 'rung:F').stdout).toBe('None of 3 runs fits.\n');
});

test('--csv and --json hold values as they are', () => {
  const columns = ['--columns', 'name,tags,lr,gains,ended', '--sort', 'id', '--filter', 'id<=2'];
  expect(edm2('list', ...columns, '--csv').stdout).toBe(
    [
      'name,tag,training.learningRate,network.switches.gains,ended',
      'first,paper c,0.002,false,',
      '"second, ""quoted""",,0.01,true,',
      '',
    ].join('\n'),
  );
  const lines = edm2('list', ...columns, '--json')
    .stdout.trim()
    .split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      type: 'run',
      id: 1,
      name: 'first',
      tag: ['paper', 'c'],
      'training.learningRate': 0.002,
      'network.switches.gains': false,
      ended: null,
    },
    {
      type: 'run',
      id: 2,
      name: 'second, "quoted"',
      tag: [],
      'training.learningRate': 0.01,
      'network.switches.gains': true,
      ended: null,
    },
  ]);
  expect(JSON.parse(edm2('list', '--json', '--filter', 'third').stdout)).toMatchObject({
    type: 'run',
    id: 3,
    nimg: 32,
    tags: ['paper', 'c'],
  });
});

test('what makes no sense is told with its place, before anything is asked', () => {
  expect(edm2('list', '--filter', 'paper rungg:C')).toEqual(
    expect.objectContaining({
      status: 2,
      stdout: '',
      stderr: '--filter: There is no field “rungg”. Did you mean “rung”?\n  paper rungg:C\n        ^^^^^\n',
    }),
  );
  expect(edm2('list', '--sort', 'name,-los').stderr).toContain('  name,-los\n       ^^^^\n');
  expect(edm2('list', '--columns', 'colour').stderr).toMatch(/^--columns: There is no field “colour”/);
  expect(edm2('list', '--columns', ',').stderr).toBe('--columns names no field; leave it out for the usual ones.\n');
  expect(edm2('list', '--csv', '--json')).toMatchObject({ status: 2 });
});

test('--fields lists every field', () => {
  expect(edm2('list', '--fields').stdout.trim().split('\n')).toHaveLength(runFields().length + 1);
  const lines = edm2('list', '--fields', '--json').stdout.trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { name: string }).name)).toEqual(runFields().map(({ name }) => name));
});

test('runs edit names, tags and writes notes; all runs are found before one is changed', () => {
  expect(edm2('edit', '1', 'third', '--tag', 'kept', '--untag', 'c').stdout).toBe(
    'Run 1 "first": tags paper, kept.\nRun 3 "third": tags paper, kept.\n',
  );
  const one = edm2('edit', '2', '--name', 'renamed', '--notes', 'looks well', '--json');
  expect(JSON.parse(one.stdout)).toMatchObject({ runId: 2, name: 'renamed', notes: 'looks well', tags: [] });
  expect(edm2('list', '--filter', 'tag:kept', '--columns', 'id', '--csv').stdout).toBe('id\n3\n1\n');
  expect(edm2('edit', '1', 'nobody', '--tag', 'x')).toMatchObject({ status: 1 });
  expect(edm2('list', '--filter', 'tag:x', '--columns', 'id', '--csv').stdout).toBe('id\n');
});

test.each([
  [['edit', '1'], 'Say what is to change: --name, --notes, --tag or --untag.'],
  [['edit', '1', '2', '--name', 'both'], '--name is for one run, and there are 2.'],
  [['edit', '1', '--tag', 'two words'], '--tag is not possible: a tag is one word without commas.'],
  [['edit', '1', ...Array.from({ length: 21 }, (_, at) => ['--tag', `t${at}`]).flat()], '20 are the most'],
])('runs %j is refused', (args, words) => {
  const { status, stderr } = edm2(...args);
  expect(status).toBe(2);
  expect(stderr).toContain(words);
});
