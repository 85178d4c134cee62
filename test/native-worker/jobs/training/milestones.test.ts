import { expect, test } from 'vitest';
import { passes } from '../../../../native-worker/jobs/training/milestones.ts';

test('a step that reaches or steps over a multiple passes it, once', () => {
  const moments = (batch: number, every: number): number[] => {
    const passed: number[] = [];
    for (let nimg = 0; nimg < 100; nimg += batch) if (passes(nimg, nimg + batch, every)) passed.push(nimg + batch);
    return passed;
  };
  expect(moments(10, 30)).toEqual([30, 60, 90]);
  expect(moments(7, 30)).toEqual([35, 63, 91]);
  expect(moments(50, 30)).toEqual([50, 100]);
  expect(moments(10, 0)).toEqual([]);
});
