import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../support/root.ts';

/** What the command line says of other machines before anything is started. */

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'edm2-machines-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function edm2(args: readonly string[], variables: Record<string, string> = {}): { status: number | null; err: string } {
  const library = join(folder, 'library');
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'native-worker/cli/main.ts'), ...args], {
    env: { PATH: process.env.PATH, HOME: folder, EDM2_LIBRARY: library, ...variables },
    encoding: 'utf8',
  });
  expect(existsSync(library)).toBe(false);
  return { status, err: stderr };
}

const train = ['train', '--dataset', 'Emoji'];
const together = [...train, '--devices', 'local/cpu:0,box:7900/cpu:0'];
const open =
  /^TensorFlow’s servers have neither password nor encryption .* Say that it is so with --trusted-network\.\n$/;

test.each([
  [['worker', '--listen', 'box:7900'], open],
  [[...together, '--listen', 'here:7900'], open],
  [
    ['worker', '--listen', 'box', '--trusted-network'],
    /^--listen, an address is a name or number and a port: gpu-box:7900; not "box"\.\n$/,
  ],
  [together, /^box:7900 must reach this machine: say under which address with --listen HOST:PORT/],
  [
    [...train, '--listen', 'here:7900', '--trusted-network'],
    /are for training with other machines: name a device of one/,
  ],
  [[...train, '--devices', 'box:7900/cpu:0'], /the first device is one of this machine/],
  [
    [...together, '--listen', 'here:7900', '--trusted-network', '--step-limit', '0'],
    /--step-limit takes a number from 1 to 86400/,
  ],
  [[...train, '--slurm'], /^--slurm is for a command that `srun` starts: there is no SLURM_JOB_ID/],
] as const)('edm2 %j', (args, words) => {
  const { status, err } = edm2(args);
  expect(err).toMatch(words);
  expect(status).toBe(2);
});

const TF_CONFIG = '{"cluster": {"worker": ["a:7900", "b:7900"]}, "task": {"type": "worker", "index": 0}}';

test('TF_CONFIG alone is no word that the network is trusted, and needs a token', () => {
  expect(edm2(train, { TF_CONFIG }).err).toMatch(open);
  expect(edm2([...train, '--trusted-network'], { TF_CONFIG }).err).toMatch(/^Set EDM2_WORKER_TOKEN to the same secret/);
  const named = [...train, '--trusted-network', '--devices', 'cpu:0'];
  expect(edm2(named, { TF_CONFIG, EDM2_WORKER_TOKEN: 'x' }).err).toMatch(/leave --devices out/);
});
