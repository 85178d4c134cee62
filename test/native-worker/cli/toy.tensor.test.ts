import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { hasSystemCode } from '../../../contract/errors.ts';
import { ToyResult } from '../../../contract/toy.ts';
import { readToyOptions } from '../../../native-worker/cli/commands/toy.ts';
import { root } from '../../support/root.ts';
import { until } from '../../support/service-library.ts';

/** A busy machine needs some time to load TensorFlow. */
const PATIENCE_MS = 200_000;

const standard = { steps: '3072', seed: '0', guidance: '2', out: join(tmpdir(), 'toy.png') };

test('options that can not be meant are named', () => {
  const reading = (options: Partial<typeof standard>) => () => readToyOptions({ ...standard, ...options });
  expect(readToyOptions(standard).request).toEqual({ steps: 3072, seed: 0, guidance: 2 });
  expect(reading({ steps: '7' })).toThrow('--steps must be at least 8.');
  expect(reading({ steps: '' })).toThrow('--steps must be a number.');
  expect(reading({ seed: '1.5' })).toThrow('--seed must be a whole number.');
  expect(reading({ guidance: 'much' })).toThrow('--guidance must be a number.');
  expect(reading({ out: root })).toThrow(/can't be written/);
});

test('the command paints the picture and tells the figures', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'toy-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'new', 'tree.png');
  const args = ['native-worker/cli/main.ts', 'toy', '--steps', '8', '--json', '--out', file];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  expect(status).toBe(0);
  const { type, file: written, steps, seed, guidance, ...result } = JSON.parse(stdout) as Record<string, unknown>;
  expect({ type, written, steps, seed, guidance }).toEqual({
    type: 'toy',
    written: file,
    steps: 8,
    seed: 0,
    guidance: 2,
  });
  expect(ToyResult.parse(result).panels.truth.outliers).toBeLessThan(0.02);
  expect(existsSync(file)).toBe(true);
  expect(await sharp(file).metadata()).toMatchObject({ format: 'png', width: 2080, height: 608 });
});

test.skipIf(process.platform !== 'linux')(
  'a command that is killed takes the process that computes with it',
  async () => {
    const picture = join(tmpdir(), 'no-toy.png');
    const args = ['native-worker/cli/main.ts', 'toy', '--steps', '100000', '--out', picture];
    const command = spawn(process.execPath, args, { cwd: root, stdio: 'ignore' });
    onTestFinished(() => void command.kill('SIGKILL'));
    const computes = (pid: number): boolean => openFiles(pid).includes('libtensorflow');
    const worker = await until(() => childrenOf(command.pid!).find(computes), PATIENCE_MS);
    command.kill('SIGKILL');
    await until(() => !isAlive(worker), PATIENCE_MS);
  },
);

function childrenOf(pid: number): number[] {
  return ofProcess(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** What a process has mapped: with TensorFlow among it, it computes. */
function openFiles(pid: number): string {
  return ofProcess(pid, 'maps');
}

function isAlive(pid: number): boolean {
  const state = ofProcess(pid, 'stat');
  return state !== '' && !state.includes(') Z ');
}

/** @returns nothing of a process that is gone */
function ofProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT') || hasSystemCode(error, 'ESRCH')) return '';
    throw error;
  }
}
