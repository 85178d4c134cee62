import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { root } from '../../../support/root.ts';
import { readTraceFile } from '../../../support/trace-file.ts';

const TINY = [
  'network.modelChannels=8',
  'network.channelMult=[1,2]',
  'network.attnResolutions=[]',
  'network.channelsPerHead=8',
];

function edm2(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const settings = TINY.flatMap((setting) => ['--set', setting]);
  const words = ['native-worker/cli/main.ts', 'profile', '--resolution', '8', '--batch', '2', ...settings, ...args];
  return spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' });
}

test('the command traces a step, writes the trace and tells one object', () => {
  const folder = mkdtempSync(join(tmpdir(), 'profile-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'new', 'trace.json');
  const { status, stdout } = edm2('--json', '--trace', file);
  expect(status).toBe(0);
  const told = JSON.parse(stdout) as { ops: number; milliseconds: number; kinds: Record<string, { ops: number }> };
  expect(told).toMatchObject({ type: 'profile', work: 'training', preset: 'demo', images: 2, file });
  expect(told.milliseconds).toBeGreaterThan(0);
  const sum = Object.values(told.kinds).reduce((sum, { ops }) => sum + ops, 0);
  expect(told.ops).toBe(sum);
  const { complete } = readTraceFile(readFileSync(file, 'utf8'));
  expect(complete.filter(({ cat }) => cat !== 'run')).toHaveLength(told.ops);
});

test('drawing is told in tables for people', () => {
  const { status, stdout } = edm2('--sampling', '--classes', '0');
  expect(status).toBe(0);
  expect(stdout).toContain('no classes, batch 2, fp32.');
  expect(stdout).toMatch(
    /One evaluation of the network, to draw, of 2 pictures, in two halves side by side: \d+ ops ran/,
  );
  expect(stdout).toMatch(/^convolutions +[\d.]+ ms +[\d.]+ % +\d+$/m);
  expect(stdout).toMatch(/^Conv2D\w* +[\d.]+ ms +[\d.]+ % +convolutions +unet\.\S+ +float32 \[1,/m);
  expect(stdout).toMatch(/Memory at the peak: [\d.]+ [kM]B of (tensors|the whole process)/);
});

test('a trace that can not be written is refused before anything is measured', () => {
  const { status, stderr } = edm2('--trace', tmpdir());
  expect(status).toBe(1);
  expect(stderr).toBe(`${tmpdir()} can't be written. Name another place with --trace.\n`);
});
