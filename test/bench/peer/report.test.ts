import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { countParameters, planNetwork } from '../../../contract/architecture.ts';
import { timing } from '../../../native-worker/cli/bench/rounds.ts';
import { comparisons, ratioOf, subjectOf } from './comparisons.ts';
import { readArguments } from './arguments.ts';
import { replaceParts } from './findings.ts';
import { comparedRow, markdownTable, missingRow, peakRow, startRow } from './report.ts';
import { sweepTable } from './sweep.ts';
import { checkPeer } from './torch-process.ts';

const seconds = (...values: number[]) => timing(values.map((value) => ({ seconds: value, processorSeconds: value, others: 0 })));
const comparison = comparisons[0]!; // at least 1.4

test('what is compared is the network of bench_torch.py, of 7.08 million parameters', () => {
  const { config, shape } = subjectOf('fp32');
  expect(countParameters(planNetwork(config.network, shape)).total).toBeCloseTo(7.08e6, -4);
  expect(config.training).toMatchObject({ batchSize: 16, adamBeta1: 0.9, adamBeta2: 0.99, sigmaRels: [0.05, 0.1] });
  expect(config.grid.sampler.steps).toBe(8);
});

test('a ratio is of medians, and its range of the turns of one round', () => {
  const compared = ratioOf(seconds(1, 1, 2), seconds(1.5, 1.6, 2.2));
  expect(compared.ratio).toBeCloseTo(1.6, 12);
  expect(compared.range[0]).toBeCloseTo(1.1, 12);
  expect(compared.range[1]).toBeCloseTo(1.6, 12);
});

test('a target is met from its value on, and a comparison that failed meets none', () => {
  const row = (theirs: number) => comparedRow({ comparison, ...ratioOf(seconds(1), seconds(theirs)) });
  expect(row(1.4).met).toBe(true);
  expect(row(1.39).met).toBe(false);
  expect(missingRow('compiled', 1, 'no compiler').met).toBeNull();
});

test('memory has a target in float32 training alone, at most what theirs is', () => {
  const peak = (ours: number, theirs: number | null) => peakRow({ task: 'train', precision: 'fp32', ours, theirs });
  expect(peak(1e9, 1e9).met).toBe(true);
  expect(peak(1.01e9, 1e9).met).toBe(false);
  expect(peak(1e9, null).met).toBeNull();
  expect(peakRow({ task: 'sample', precision: 'fp32', ours: 2e9, theirs: 1e9 }).met).toBeNull();
});

test('of several starts the first, which may have had to record, does not count', () => {
  expect(startRow({ first: 20, later: [4, 4.5] }).met).toBe(true);
  expect(startRow({ first: 2, later: [5.5, 6] }).met).toBe(false);
});

test('the table is markdown, a line each', () => {
  const lines = markdownTable([startRow({ first: 20, later: [4] })]).split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[2]).toBe(
    '| start of a second run to its first step | 4.00 s (4.00; before: 20.0) |  |  | ≤ 5 s | met |',
  );
});

test('the sweep gives times per image and evaluation', () => {
  const swept = { batch: 4, resolution: 32, width: 64, multiplyAdds: 2e9, train: seconds(0.4), sample: seconds(0.6) };
  // 0.1 s an image, of 3 · 2 · 2 GFLOP; three evaluations of four images in 0.6 s
  expect(sweepTable([swept]).split('\n')[2]).toBe('| 4 | 32×32 | 64 | 12.0 | 100 | 120 | 50.0 | 80.0 |');
});

test('the sweep is done when it is asked for, and a part of another name is refused', () => {
  expect(readArguments(['--edm2', 'x']).only).not.toContain('sweep');
  expect(readArguments(['--edm2', 'x', '--sweep']).only.at(-1)).toBe('sweep');
  expect(readArguments(['--edm2', 'x', '--only', 'start,bf16']).only).toEqual(['start', 'bf16']);
  expect(() => readArguments(['--edm2', 'x', '--only', 'fp64'])).toThrow('not "fp64"');
  expect(() => readArguments([])).toThrow('git clone');
});

const folder = mkdtempSync(join(tmpdir(), 'edm2-peer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('what is missing of the official code is said in a sentence', () => {
  expect(() => checkPeer({ edm2: folder, python: 'python3' })).toThrow(/^There is no official code in .*git clone/u);
  mkdirSync(join(folder, 'training'), { recursive: true });
  writeFileSync(join(folder, 'training/networks_edm2.py'), '');
  expect(() => checkPeer({ edm2: folder, python: '/no/such/python' })).toThrow(
    /^\/no\/such\/python does not start\. Make it with: python3 -m venv/u,
  );
});

test('a part of a markdown file is replaced between its marks, and the rest stays', () => {
  const file = join(folder, 'page.md');
  writeFileSync(file, '# Page\n\n<!-- targets -->\nold\n<!-- /targets -->\n\nEnd.\n');
  replaceParts(file, { targets: 'new' });
  expect(readFileSync(file, 'utf8')).toBe('# Page\n\n<!-- targets -->\n\nnew\n\n<!-- /targets -->\n\nEnd.\n');
  replaceParts(file, { sweep: 'more' });
  expect(readFileSync(file, 'utf8')).toMatch(/End\.\n<!-- sweep -->\n\nmore\n\n<!-- \/sweep -->\n$/u);
});
