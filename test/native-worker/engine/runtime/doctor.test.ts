import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Check } from '../../../../contract/runtime.ts';
import { AppError } from '../../../../contract/errors.ts';
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
  ['the chosen card', { gpu: 1 }, 'fp32, bf16, fp16'],
  ['the card that CUDA_VISIBLE_DEVICES names', { variables: { CUDA_VISIBLE_DEVICES: 'GPU-new' } }, 'fp32, bf16, fp16'],
  ['the first card where nobody chose', {}, 'fp32. bf16: NVIDIA GeForce GTX 1080 has compute capability 6.1'],
])('the precisions are those of %s', async (_words, options, expected) => {
  expect((await checks(options)).get('precision')!.detail).toContain(expected);
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
