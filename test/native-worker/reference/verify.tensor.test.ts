import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AppError } from '../../../contract/errors.ts';
import { readIndex } from '../../../native-worker/reference/case-file.ts';
import { verifyCase } from '../../../native-worker/reference/verify.ts';

const folder = path.resolve('test/reference');
const cases = readIndex(folder);

test('the index lists the 33 cases that the official code gave', () => {
  expect(cases).toHaveLength(33);
});

const everyCase = cases.map((reference) => [reference.name, reference] as const);

// Tolerances are those that index.json states for each tensor.
test.each(everyCase)('%s agrees with the official code', async (_name, reference) => {
  const verdict = await verifyCase(reference);
  expect(verdict.failures).toEqual([]);
  expect(verdict.compared).toBeGreaterThan(0);
});

test.each(everyCase)('%s agrees with the official code as a recorded graph', async (_name, reference) => {
  const verdict = await verifyCase(reference, { engine: 'graph', precision: 'fp32' });
  expect(verdict.failures).toEqual([]);
  expect(verdict.compared).toBeGreaterThan(0);
});

test.each(
  cases.filter(({ name }) => /^(unet|train)/.test(name)).map((reference) => [reference.name, reference] as const),
)('%s in bfloat16 is computed whole, and not as in float32', async (_name, reference) => {
  const verdict = await verifyCase(reference, { engine: 'graph', precision: 'bf16' });
  expect(verdict.compared).toBeGreaterThan(0);
  expect(verdict.failures.filter((failure) => /not computed|NaN|Infinity/.test(failure))).toEqual([]);
  expect(verdict.worst).toBeGreaterThan(1); // 8 bits instead of 24
  expect(verdict.worst).toBeLessThan(1e7);
});

test('a reduced precision is refused op by op', async () => {
  const verdict = await verifyCase(
    cases.find(({ name }) => name.startsWith('unet'))!,
    { engine: 'eager', precision: 'bf16' },
  );
  expect(verdict).toMatchObject({ passed: false, failures: [expect.stringMatching(/Op by op there is only float32/)] });
});

test('a case that no runner knows fails', async () => {
  const verdict = await verifyCase({ ...cases[0]!, name: 'unheard-of' });
  expect(verdict).toMatchObject({ passed: false, failures: ['no runner knows this case'] });
});

test('an output that is not computed fails', async () => {
  const silu = cases.find(({ name }) => name === 'ops-mp_silu')!;
  const verdict = await verifyCase({ ...silu, outputs: { ...silu.outputs, 'y.other': silu.outputs.y! } });
  expect(verdict).toMatchObject({ passed: false, failures: ['y.other: not computed'] });
});

/** A folder with one case alone; `off` is added to one number that must come out. */
function folderWithOneCase(off: number): string {
  const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'reference-'));
  onTestFinished(() => fs.rmSync(copy, { recursive: true }));
  const index = JSON.parse(fs.readFileSync(path.join(folder, 'index.json'), 'utf8')) as { cases: { name: string }[] };
  index.cases = index.cases.filter(({ name }) => name === 'ops-mp_silu');
  fs.writeFileSync(path.join(copy, 'index.json'), JSON.stringify(index));
  const bytes = fs.readFileSync(path.join(folder, 'ops-mp_silu.safetensors'));
  const header = Number(bytes.readBigUInt64LE());
  const { y } = JSON.parse(bytes.toString('utf8', 8, 8 + header)) as { y: { data_offsets: [number, number] } };
  const at = 8 + header + y.data_offsets[0];
  bytes.writeFloatLE(bytes.readFloatLE(at) + off, at);
  fs.writeFileSync(path.join(copy, 'ops-mp_silu.safetensors'), bytes);
  return copy;
}

test('a number that is off by ten tolerances fails', async () => {
  const [damaged] = readIndex(folderWithOneCase(1e-4)); // atol is 9e-6
  const verdict = await verifyCase(damaged!);
  expect(verdict).toMatchObject({ name: 'ops-mp_silu', passed: false, worstOf: 'y' });
});

test('the command counts what passed, by either engine, and its exit code tells', () => {
  const run = (...args: string[]): { status: number | null; last: string | undefined } => {
    const child = spawnSync(process.execPath, ['native-worker/reference/main.ts', ...args], { encoding: 'utf8' });
    return { status: child.status, last: child.stdout.trimEnd().split('\n').at(-1) };
  };
  const [good, bad] = [folderWithOneCase(0), folderWithOneCase(1e-4)];
  expect(run(good)).toEqual({ status: 0, last: '1 passed, 0 failed' });
  expect(run(good, '--engine', 'graph')).toEqual({ status: 0, last: '1 passed, 0 failed' });
  expect(run(bad, '--engine', 'graph')).toEqual({ status: 1, last: '0 passed, 1 failed' });
  expect(run(good, '--engine', 'steam').status).toBe(2);
  expect(run(good, '--precision', 'fp8').status).toBe(2);
  expect(run(good, '--json').last).toBe('{"cases":1,"passed":1,"failed":0}');
  expect(run(good, bad).status).toBe(2);
});

test('a folder without an index is refused by name', () => {
  expect(() => readIndex(os.tmpdir())).toThrow(AppError);
  expect(() => readIndex(os.tmpdir())).toThrow(/no index\.json/);
});
