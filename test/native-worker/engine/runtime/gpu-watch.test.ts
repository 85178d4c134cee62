import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  GpuWatch,
  parseReading,
  type GpuReading,
  type GpuWatchOptions,
} from '../../../../native-worker/engine/runtime/gpu-watch.ts';
import { fakeNvidiaSmi } from '../../../support/fake-nvidia-smi.ts';
import { until } from '../../../support/service-library.ts';

/** The children are real; only the nvidia-smi is ours. */

let folder: string;
let release: () => void;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-gpu-watch-'));
  release = () => undefined;
});
afterEach(() => {
  release();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function watching(options: GpuWatchOptions): { watch: GpuWatch; heard: GpuReading[] } {
  const watch = new GpuWatch({ periodMs: 50, pauseMs: 50, longestPauseMs: 400, ...options });
  const heard: GpuReading[] = [];
  watch.onReading((reading) => heard.push(reading));
  release = watch.hold();
  return { watch, heard };
}

const starts = (): number =>
  existsSync(join(folder, 'starts')) ? readFileSync(join(folder, 'starts'), 'utf8').trim().split('\n').length : 0;

test('an nvidia-smi on the PATH is read as it speaks, and ends when nobody wants to know any more', async () => {
  fakeNvidiaSmi(folder, 'echo $$ > "$(dirname "$0")/pid"; while :; do say 37; sleep 0.05; done');
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH ?? ''}`);
  const { watch, heard } = watching({});
  await until(() => heard.length >= 3);
  expect(watch.gpus).toEqual([
    {
      index: 0,
      name: 'NVIDIA H100 80GB HBM3',
      driver: '560.35.03',
      computeCapability: '9.0',
      memoryTotal: 81559 * 2 ** 20,
      memoryUsed: 2 ** 31,
      utilisation: 37,
      temperature: 41,
      power: 250.5,
    },
  ]);
  expect(starts()).toBe(1);
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  release();
  expect(watch.gpus).toEqual([]);
  await until(() => !alive(pid));
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('what is no reading is passed over', async () => {
  const command = fakeNvidiaSmi(
    folder,
    `echo "WARNING: infoROM is corrupted"; echo "0, 12"; echo; echo "0, [N/A], ERR!, 81559, [Unknown Error], [N/A]"; say 60; sleep 30`,
  );
  const { heard } = watching({ command });
  await until(() => heard.length === 2);
  expect(heard[0]).toEqual({
    index: 0,
    utilisation: null,
    memoryUsed: null,
    memoryTotal: 81559 * 2 ** 20,
    temperature: null,
    power: null,
  });
  expect(heard[1]!.utilisation).toBe(60);
});

test('one that dies is started again, and until then nothing is known', async () => {
  const command = fakeNvidiaSmi(folder, 'say 10; exit 1');
  const { watch, heard } = watching({ command, pauseMs: 300 });
  await until(() => heard.length === 1);
  await until(() => watch.gpus[0]?.utilisation === null);
  expect(watch.gpus[0]).toMatchObject({
    name: 'NVIDIA H100 80GB HBM3',
    memoryUsed: null,
    temperature: null,
    power: null,
  });
  await until(() => starts() >= 2);
});

test('one that hangs is killed and started again', async () => {
  const command = fakeNvidiaSmi(folder, 'say 10; trap "" TERM; exec sleep 60');
  const { heard } = watching({ command, silenceMs: 200 });
  await until(() => starts() >= 2);
  expect(heard.length).toBeGreaterThanOrEqual(1);
});

test('where it gives none there are no GPUs, until there is one', async () => {
  const command = join(folder, 'nvidia-smi');
  const asked = join(folder, 'asked');
  writeFileSync(command, `#!/bin/sh\necho asked >> "${asked}"\necho "No devices were found"\nexit 6\n`);
  chmodSync(command, 0o755);
  const { watch, heard } = watching({ command, longestPauseMs: 100 });
  await until(() => existsSync(asked) && readFileSync(asked, 'utf8').split('\n').length > 2); // it asks again and again
  expect(watch.gpus).toEqual([]);
  fakeNvidiaSmi(folder, 'say 5; sleep 30');
  await until(() => heard.length > 0);
  expect(watch.gpus).toHaveLength(1);
});

test('two who hold share one child, which lives until both have let go', async () => {
  const command = fakeNvidiaSmi(folder, 'while :; do say 1; sleep 0.05; done');
  const { watch, heard } = watching({ command });
  const second = watch.hold();
  await until(() => heard.length > 0);
  second();
  second(); // counts once
  const before = heard.length;
  await until(() => heard.length > before);
  expect(starts()).toBe(1);
});

test.each([
  [
    '0, 37, 1024, 24564, 61, 214.52',
    { index: 0, utilisation: 37, memoryUsed: 2 ** 30, temperature: 61, power: 214.52 },
  ],
  [
    '7, [N/A], 0, 81559, [N/A], [N/A]\r',
    { index: 7, utilisation: null, memoryUsed: 0, temperature: null, power: null },
  ],
])('"%s" is a reading', (line, expected) => {
  expect(parseReading(line)).toMatchObject(expected);
});

test.each(['', 'index, utilization.gpu', '0, 37, 1024', 'x, 1, 2, 3, 4, 5', '0, 1, 2, 3, 4, 5, 6'])(
  '"%s" is none',
  (line) => {
    expect(parseReading(line)).toBeNull();
  },
);
