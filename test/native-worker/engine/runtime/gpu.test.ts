import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  compareVersions,
  nvidiaSmi,
  parseGpus,
  parseParts,
  readGpus,
  suggestRuntime,
  usedGpu,
} from '../../../../native-worker/engine/runtime/gpu.ts';

const folder = mkdtempSync(join(tmpdir(), 'edm2-gpu-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A program that stands for nvidia-smi. */
function fake(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('two GPUs are read with memory in bytes', async () => {
  const command = fake(
    'two',
    `case "$1" in
--query-gpu=index,name,driver_version,memory.total,memory.used,utilization.gpu,temperature.gpu,power.draw)
  echo "0, NVIDIA GeForce RTX 4090, 560.35.03, 24564, 1024, 37, 61, 214.52"
  echo "1, NVIDIA H100 80GB HBM3, 560.35.03, 81559, 0, 0, 29, [N/A]" ;;
--query-gpu=index,compute_cap,uuid) echo "1, 9.0, GPU-bbbb-1"; echo "0, 8.9, GPU-aaaa-0" ;;
*) exit 2 ;;
esac`,
  );
  expect(await readGpus(command)).toEqual({
    reason: null,
    parts: [],
    byUuid: new Map([
      ['GPU-bbbb-1', 1],
      ['GPU-aaaa-0', 0],
    ]),
    gpus: [
      {
        index: 0,
        name: 'NVIDIA GeForce RTX 4090',
        driver: '560.35.03',
        computeCapability: '8.9',
        memoryTotal: 24564 * 2 ** 20,
        memoryUsed: 2 ** 30,
        utilisation: 37,
        temperature: 61,
        power: 214.52,
      },
      {
        index: 1,
        name: 'NVIDIA H100 80GB HBM3',
        driver: '560.35.03',
        computeCapability: '9.0',
        memoryTotal: 81559 * 2 ** 20,
        memoryUsed: 0,
        utilisation: 0,
        temperature: 29,
        power: null,
      },
    ],
  });
});

test.each(['[N/A]', '[Not Supported]', '[Unknown Error]', 'ERR!', ''])(
  'a cell that says "%s" is unknown, not a number',
  (cell) => {
    const [gpu] = parseGpus(`0, NVIDIA GB10, 580.95.05, ${cell}, ${cell}, 3, ${cell}, ${cell}\n`);
    expect(gpu).toMatchObject({
      name: 'NVIDIA GB10',
      memoryTotal: null,
      memoryUsed: null,
      utilisation: 3,
      temperature: null,
      power: null,
    });
  },
);

test('lines that are no GPU are left out, and a name may hold a comma', () => {
  const text =
    'WARNING: infoROM is corrupted at gpu 0000:01:00.0\n0, Tesla T4, Rev. A, 535.104.05, 15360, 2, 0, 40, 9.8\r\n\nDone, thanks\n';
  expect(parseGpus(text)).toHaveLength(1);
  expect(parseGpus(text)[0]).toMatchObject({
    name: 'Tesla T4, Rev. A',
    driver: '535.104.05',
    temperature: 40,
    power: 9.8,
  });
});

test('without nvidia-smi there is no GPU, and the reason says so', async () => {
  const report = await readGpus(join(folder, 'missing'));
  expect(report).toMatchObject({ gpus: [], reason: expect.stringMatching(/nvidia-smi was not found/) as string });
  expect(suggestRuntime(report, 'linux-x64').runtime).toBe('cpu');
});

test('a driver too old to tell the compute capability still names its GPU', async () => {
  const command = fake(
    'old',
    `case "$1" in *compute_cap*) echo 'Field "compute_cap" is not a valid field to query.'; exit 2;; esac
echo "0, Tesla K80, 450.80.02, 11441, 0, 0, 30, 60.1"`,
  );
  expect((await readGpus(command)).gpus).toMatchObject([{ name: 'Tesla K80', computeCapability: null }]);
});

test('an nvidia-smi that fails is quoted', async () => {
  const command = fake(
    'fails',
    'echo "NVIDIA-SMI has failed because it couldn\'t communicate with the NVIDIA driver."; exit 9',
  );
  expect((await readGpus(command)).reason).toBe(
    "nvidia-smi failed (exit status 9): NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
  );
});

test('an nvidia-smi that lists nothing means no GPU', async () => {
  expect((await readGpus(fake('none', 'exit 0'))).reason).toBe('nvidia-smi lists no GPU');
});

test.each([
  ['linux-x64', '560.35.03', 'cuda12'],
  ['linux-x64', '525.60.13', 'cuda12'],
  ['linux-x64', '470.256.02', 'cpu'],
  ['win32-x64', '560.35.03', 'cpu'],
  ['linux-arm64', '580.95.05', 'cpu'],
])('on %s with driver %s the runtime is %s', (platform, driver, runtime) => {
  const gpus = parseGpus(`0, NVIDIA RTX A6000, ${driver}, 49140, 1, 0, 30, 20`);
  expect(suggestRuntime({ gpus, reason: null }, platform).runtime).toBe(runtime);
});

test.each([
  ['5.2', 'cpu', 'Tesla M60 has compute capability 5.2; TensorFlow 2.21.0 takes 6.0 or newer.'],
  ['6.0', 'cuda12', 'Found Tesla M60 with driver 570.86.10.'],
  ['12.0', 'cuda12', 'Found Tesla M60 with driver 570.86.10.'], // by portable code
  [null, 'cuda12', 'Found Tesla M60 with driver 570.86.10.'], // an old driver does not tell
])('with a card of compute capability %s the runtime is %s', (computeCapability, runtime, reason) => {
  const gpus = parseGpus('0, Tesla M60, 570.86.10, 8192, 1, 0, 30, 20').map((gpu) => ({ ...gpu, computeCapability }));
  expect(suggestRuntime({ gpus, reason: null }, 'linux-x64')).toEqual({ runtime, reason });
});

test('versions are compared number by number', () => {
  expect(compareVersions('525.60.13', '525.60.9')).toBeGreaterThan(0);
  expect(compareVersions('525.60', '525.60.0')).toBe(0);
  expect(compareVersions('3.9', '3.10')).toBeLessThan(0);
});

const two = {
  gpus: parseGpus(
    '0, NVIDIA GeForce RTX 4090, 560.35.03, 24564, 0, 0, 29, 20\n1, NVIDIA H100 80GB HBM3, 560.35.03, 81559, 0, 0, 29, 20',
  ),
  byUuid: new Map([
    ['GPU-aaaa-0', 0],
    ['GPU-abbb-1', 1],
  ]),
  parts: [],
};

test.each([
  ['the first where nobody chose', null, undefined, 0],
  ['the chosen one, whatever the variable says', 1, '0', 1],
  ['what CUDA_VISIBLE_DEVICES names first', null, '1,0', 1],
  ['what CUDA_VISIBLE_DEVICES says where the chosen one is not there any more', 7, '1', 1],
  ['the first where the chosen one is not there any more', 7, undefined, 0],
  ['the one with the UUID', null, 'GPU-abbb-1', 1],
  ['the one whose UUID begins so', null, 'GPU-ab', 1],
  ['none where the beginning of a UUID fits two', null, 'GPU-a', null],
  ['none where there is no such card', null, '5,1', null],
  ['none where all are hidden', null, '-1', null],
  ['none where nothing is named', null, '', null],
  ['none that is known for a part of a card', null, 'MIG-1234', null],
])('the card in use is %s', (_words, setting, visible, expected) => {
  expect(usedGpu(two, setting, { CUDA_VISIBLE_DEVICES: visible })?.index ?? null).toBe(expected);
});

/** A divided card beside a whole one, as `nvidia-smi -L` tells them. */
const divided = {
  ...two,
  parts: parseParts(`GPU 0: NVIDIA GeForce RTX 4090 (UUID: GPU-aaaa-0)
GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-abbb-1)
  MIG 3g.40gb     Device  0: (UUID: MIG-c6d4-33)
  MIG 1g.10gb+me  Device  1: (UUID: MIG-c6d4-11)
  MIG 1g.10gb     Device  2: (UUID: MIG-GPU-abbb-1/9/0)
`),
};

test.each([
  ['the first part of a divided card', 1, undefined, 'MIG-c6d4-33', '3g.40gb', 40],
  ['the part that is named', null, 'MIG-c6d4-11', 'MIG-c6d4-11', '1g.10gb+me', 10],
  ['the part whose name begins so', null, 'MIG-c6d4-3,0', 'MIG-c6d4-33', '3g.40gb', 40],
  ['a part by its older name', null, 'MIG-GPU-abbb-1/9/0', 'MIG-GPU-abbb-1/9/0', '1g.10gb', 10],
])('%s is what a job sees, and what is judged', (_words, setting, visible, pinned, profile, gigabytes) => {
  expect(usedGpu(divided, setting, { CUDA_VISIBLE_DEVICES: visible })).toMatchObject({
    ...{ index: 1, name: `NVIDIA H100 80GB HBM3, MIG ${profile}`, visible: pinned },
    ...{ memoryTotal: gigabytes * 2 ** 30, memoryUsed: null, driver: '560.35.03' },
  });
});

test('a whole card beside it is pinned by its number, and a part that several names fit is none', () => {
  expect(usedGpu(divided, null, {})).toMatchObject({ index: 0, visible: '0' });
  expect(usedGpu(divided, null, { CUDA_VISIBLE_DEVICES: 'MIG-c6d4' })).toBeNull();
});

test('nvidia-smi is taken from the path, else from where Windows has it', () => {
  const wsl = join(folder, 'wsl');
  mkdirSync(wsl);
  expect(nvidiaSmi('/nowhere', wsl)).toBe('nvidia-smi');
  fake('wsl/nvidia-smi', 'exit 0');
  expect(nvidiaSmi('/nowhere', wsl)).toBe(join(wsl, 'nvidia-smi'));
  fake('nvidia-smi', 'exit 0');
  expect(nvidiaSmi(`/nowhere:${folder}`, wsl)).toBe('nvidia-smi');
});
