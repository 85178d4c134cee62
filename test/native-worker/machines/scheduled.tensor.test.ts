import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../support/root.ts';
import { freePorts } from '../../support/worker-process.ts';

/** One command that a scheduler starts once for each task: two of them on this machine, with made-up variables. */

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'edm2-scheduled-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number | null;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

function edm2(library: string, args: readonly string[], variables: Record<string, string>): Promise<Ended> {
  const short = ['training.durationImages=64', 'logging.sampleImages=0'].flatMap((setting) => ['--set', setting]);
  const child = spawn(
    process.execPath,
    [join(root, 'native-worker/cli/main.ts'), ...['train', '--json', '--dataset', 'Emoji', ...short, ...args]],
    { env: { ...process.env, EDM2_LIBRARY: library, ...variables }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  return new Promise((resolve) =>
    child.once('close', (status) => {
      const lines = out.split('\n').filter((line) => line !== '');
      resolve({ status, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) });
    }),
  );
}

/** What both tasks are told, and the options that say how. */
const schedulers = {
  Slurm: (task: number): Promise<[string[], Record<string, string>]> =>
    Promise.resolve([
      ['--slurm'],
      {
        SLURM_JOB_ID: String(100_000 + (process.pid % 1000)),
        SLURM_STEP_ID: '0',
        SLURM_PROCID: String(task),
        SLURM_LOCALID: String(task),
        SLURM_NODEID: '0',
        SLURM_STEP_NODELIST: 'localhost',
        SLURM_STEP_TASKS_PER_NODE: '2',
      },
    ]),
  TF_CONFIG: async (task: number): Promise<[string[], Record<string, string>]> => {
    const port = await (ports ??= freePorts(4));
    const cluster = { worker: [`127.0.0.1:${port}`, `127.0.0.1:${port + 2}`] };
    const config = JSON.stringify({ cluster, task: { type: 'worker', index: task } });
    return [['--trusted-network'], { TF_CONFIG: config, EDM2_WORKER_TOKEN: 'of-both' }];
  },
};
let ports: Promise<number> | null = null;

test.each(['Slurm', 'TF_CONFIG'] as const)(
  'of two tasks that %s starts the first trains, and the other serves it and ends with it',
  async (scheduler) => {
    const library = join(folder, scheduler);
    const ended = await Promise.all(
      [0, 1].map(async (task) => {
        const [args, variables] = await schedulers[scheduler](task);
        return edm2(library, args, variables);
      }),
    );
    const [first, second] = ended as [Ended, Ended];
    expect(first.lines.at(-1)).toMatchObject({ type: 'ended', state: 'finished', nimg: 64 });
    expect(second.lines.map(({ type }) => type)).toEqual(['listening', 'worker', 'worker', 'worker']);
    expect(second.lines[1]).toMatchObject({ text: 'A run computes on cpu:0.' });
    expect([first.status, second.status]).toEqual([0, 0]);
  },
);
