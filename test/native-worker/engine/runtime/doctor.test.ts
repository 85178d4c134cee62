import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Check } from '../../../../contract/runtime.ts';
import { AppError } from '../../../../contract/errors.ts';
import { runtimeFolder } from '../../../../native-worker/engine/runtime/places.ts';
import { runDoctorReport, type DoctorOptions } from '../../../../native-worker/engine/runtime/doctor.ts';

const folder = mkdtempSync(join(tmpdir(), 'edm2-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A machine with an old card in its first slot and a new one in its second. */
const nvidiaSmi = join(folder, 'nvidia-smi');
writeFileSync(
  nvidiaSmi,
  `#!/bin/sh
case "$*" in
  *compute_cap*) echo "0, 6.1, GPU-old"; echo "1, 9.0, GPU-new" ;;
  *) echo "0, NVIDIA GeForce GTX 1080, 560.35.03, 8192, 0, 0, 29, 20"
     echo "1, NVIDIA H100 80GB HBM3, 560.35.03, 81559, 0, 0, 29, 20" ;;
esac
`,
);
chmodSync(nvidiaSmi, 0o755);

/** No runtime lies in the cache, so that nothing is computed. */
async function checks(options: Partial<DoctorOptions>): Promise<Map<string, Check>> {
  const report = await runDoctorReport({
    runtime: () => Promise.resolve('cuda12'),
    threads: 1,
    cache: join(folder, 'cache'),
    nvidiaSmi,
    variables: { PATH: process.env.PATH },
    ...options,
  });
  return new Map(report.checks.map((check) => [check.id, check]));
}

test.each([
  ['the chosen card', { gpu: 1 }, 'fp32, tf32, bf16, fp16'],
  ['the card that CUDA_VISIBLE_DEVICES names', { variables: { CUDA_VISIBLE_DEVICES: 'GPU-new' } }, 'fp32, tf32, bf16, fp16'],
  ['the first card where nobody chose', {}, 'fp32. tf32: NVIDIA GeForce GTX 1080 has compute capability 6.1'],
])('the precisions are those of %s', async (_words, options, expected) => {
  expect((await checks(options)).get('precision')!.detail).toContain(expected);
});

/** Stands for the nvidia-smi of a machine with one card, in parts if these are named. */
function machineWith(name: string, capability: string, memory: number, parts = ''): string {
  const path = join(folder, `nvidia-smi ${name}`);
  writeFileSync(
    path,
    `#!/bin/sh
case "$*" in
  -L) printf 'GPU 0: ${name} (UUID: GPU-one)\\n${parts}' ;;
  *compute_cap*) echo "0, ${capability}, GPU-one" ;;
  *) echo "0, ${name}, 570.86.10, ${memory}, 512, 0, 29, 20" ;;
esac
`,
  );
  chmodSync(path, 0o755);
  return path;
}

test.each([
  ['Tesla M60', '5.2', 8192, 'bad', 'compute capability 5.2', /has no code for this card: it takes compute capability 6\.0/],
  ['NVIDIA GeForce GTX 1080', '6.1', 8192, 'good', 'compute capability 6.1', null],
  ['NVIDIA GeForce RTX 4090', '8.9', 24564, 'good', '25.8 GB', null],
  ['NVIDIA GeForce RTX 5090', '12.0', 32607, 'warn', 'capability 12.0', /compiles each at the first use.*was not tried/],
  ['NVIDIA B200', '10.0', 183359, 'warn', 'compute capability 10.0', /no kernels compiled for this card/],
])('of a card as %s (%s) it says whether TensorFlow has code for it', async (...row) => {
  const [name, capability, memory, status, detail, advice] = row;
  const check = (await checks({ nvidiaSmi: machineWith(name, capability, memory) })).get('gpu-0')!;
  expect(check.status).toBe(status);
  expect(check.detail).toContain(detail);
  if (advice === null) expect(check.advice).toBeNull();
  else expect(check.advice).toMatch(advice);
});

test('of a divided card it tells the part that jobs use', async () => {
  const parts = '  MIG 1g.10gb     Device  0: (UUID: MIG-first)\\n  MIG 3g.40gb     Device  1: (UUID: MIG-second)\\n';
  const smi = machineWith('NVIDIA H100 80GB HBM3', '9.0', 81559, parts);
  const first = await checks({ nvidiaSmi: smi });
  expect(first.get('gpu-0')!.detail).toMatch(/H100 80GB HBM3, MIG 1g\.10gb, driver .*, 10/);
  const second = await checks({ nvidiaSmi: smi, variables: { CUDA_VISIBLE_DEVICES: 'MIG-second' } });
  expect(second.get('gpu-0')!.detail).toContain('MIG 3g.40gb');
});

test('of several cards it tells how they add up, and what is missing for it', async () => {
  const cache = join(folder, 'cache with a runtime');
  const missing = (await checks({ cache })).get('sums')!;
  expect(missing).toMatchObject({ status: 'warn', detail: expect.stringContaining('NCCL (libnccl.so.2) is not in') as string });
  expect(missing.advice).toContain('own ring, more slowly');
  const nccl = join(runtimeFolder('cuda12', cache), 'nvidia', 'nccl', 'lib');
  mkdirSync(nccl, { recursive: true });
  writeFileSync(join(nccl, 'libnccl.so.2'), '');
  expect((await checks({ cache })).get('sums')).toMatchObject({
    ...{ status: 'good', detail: '2 cards can share a batch and add up by NCCL' },
  });
  expect((await checks({ cache, runtime: () => Promise.resolve('cpu') })).get('sums')).toBeUndefined();
  const one = await checks({ nvidiaSmi: machineWith('NVIDIA GeForce RTX 4080', '8.9', 16376) });
  expect(one.get('sums')).toBeUndefined();
});

test('a cache that can not be made, and a choice that fails, are findings beside the others', async () => {
  const found = await checks({
    cache: '/dev/null/cache',
    runtime: () => Promise.reject(new AppError('invalid-input', 'EDM2_RUNTIME is "cuda11".')),
  });
  expect(found.get('choice')).toMatchObject({ status: 'bad', detail: 'EDM2_RUNTIME is "cuda11".' });
  expect(found.get('runtime')).toMatchObject({ status: 'bad' });
  for (const id of ['machine', 'processor', 'gpu-1', 'binding', 'precision', 'python', 'compiler', 'space']) {
    expect(found.get(id), id).toBeDefined();
  }
});

test('a check that throws what nobody foresaw is a bad check with its reason', async () => {
  const found = await checks({ runtime: () => Promise.reject(new TypeError('x is not a function')) });
  expect(found.get('choice')).toMatchObject({ status: 'bad', detail: 'x is not a function' });
});
