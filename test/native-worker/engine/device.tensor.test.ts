import { expect, test } from 'vitest';
import { describeDevice } from '../../../native-worker/engine/device.ts';
import { randomKernels } from '../../../native-worker/engine/random.ts';

test('the CPU is named with the threads that the environment gave', async () => {
  const hidden = { CUDA_VISIBLE_DEVICES: '-1' };
  expect(await describeDevice({ ...hidden, TF_NUM_INTRAOP_THREADS: '2' })).toEqual({
    words: 'CPU, 2 threads',
    fellBack: false,
  });
  expect(await describeDevice({ ...hidden, TF_NUM_INTRAOP_THREADS: '1' })).toEqual({
    words: 'CPU, 1 thread',
    fellBack: false,
  });
});

test('random numbers are a function of shape and seed, normal or uniform', async () => {
  const numbers = async (kind: 'normal' | 'uniform', seed: readonly [number, number]): Promise<Float32Array> => {
    const drawn = randomKernels[kind]([100_000], seed);
    const values = await drawn.data<'float32'>();
    drawn.dispose();
    return values;
  };
  const moments = (values: Float32Array): [number, number] => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return [mean, values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length];
  };
  const normal = await numbers('normal', [1, -2_147_483_648]);
  expect(await numbers('normal', [1, -2_147_483_648])).toEqual(normal);
  expect(await numbers('normal', [2, -2_147_483_648])).not.toEqual(normal);
  // 100,000 numbers: the mean strays by 0.003, the variance by 0.0045.
  expect(moments(normal)[0]).toBeCloseTo(0, 1);
  expect(moments(normal)[1]).toBeCloseTo(1, 1);
  const uniform = await numbers('uniform', [3, 4]);
  expect(moments(uniform)[0]).toBeCloseTo(0.5, 2);
  expect(moments(uniform)[1]).toBeCloseTo(1 / 12, 2);
  expect(uniform.every((value) => value >= 0 && value < 1)).toBe(true);
});
