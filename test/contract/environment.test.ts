import { expect, test } from 'vitest';
import { inheritedEnvironment } from '../../contract/environment.ts';

const parent = {
  PATH: '/bin',
  LD_LIBRARY_PATH: '/driver',
  CUDA_VISIBLE_DEVICES: '1',
  CUDA_DEVICE_ORDER: 'FASTEST_FIRST',
  PIP_INDEX_URL: 'https://user:secret@index',
  GITHUB_TOKEN: 'secret',
  HOME: undefined,
};

test('a service inherits what it and its jobs need, and no secret that it does not know', () => {
  expect(inheritedEnvironment('service', parent)).toEqual({
    PATH: '/bin',
    LD_LIBRARY_PATH: '/driver',
    CUDA_VISIBLE_DEVICES: '1',
    PIP_INDEX_URL: 'https://user:secret@index',
  });
});

test('a job inherits less than its service, and nothing that its service did not', () => {
  const ofJob = inheritedEnvironment('job', parent);
  expect(ofJob).toEqual({ PATH: '/bin', CUDA_VISIBLE_DEVICES: '1' });
  expect(inheritedEnvironment('service', parent)).toMatchObject(ofJob);
});
