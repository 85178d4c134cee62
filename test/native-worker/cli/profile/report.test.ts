import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readProfileOptions } from '../../../../native-worker/cli/commands/profile.ts';
import { profileWords } from '../../../../native-worker/cli/profile/report.ts';
import { exampleProfile } from '../../../support/profiles.ts';

const profile = exampleProfile();

test('kinds come with their shares, ops with their layers, and kinds that nothing was of are left out', () => {
  const words = profileWords(profile);
  expect(words).toContain('A training step of 16 pictures: 5,717 ops ran, whose times add up to 1000 ms.');
  expect(words).toMatch(/^convolutions +750 ms +75\.0 % +200$/m);
  expect(words).toMatch(/^weights +0 ms +0 % +5,477$/m);
  expect(words).not.toContain('element-wise');
  expect(words).toMatch(/^Conv2D +100 ms +10\.0 % +convolutions +unet\.out_conv +float32 \[16,32,32,3\]$/m);
  expect(words.match(/^Conv2D /gm)).toHaveLength(10);
  expect(words).toContain('Memory at the peak: 312 MB of tensors');
});

test('memory of the process is not taken for that of tensors', () => {
  expect(profileWords({ ...profile, peakOf: 'process' })).toContain('312 MB of the whole process');
});

const options = { preset: 'demo', channels: '3', classes: '10', set: [], precision: 'fp32' };

test('a step is one of a batch at once, unless micro-batches are asked for', () => {
  expect(readProfileOptions({ ...options, preset: 's' })).toMatchObject({
    work: 'training',
    file: null,
    subject: { config: { training: { batchSize: 32, microBatch: null } } },
  });
  const asked = readProfileOptions({ ...options, batch: '16', microBatch: '8', sampling: true });
  expect(asked).toMatchObject({
    work: 'sampling',
    subject: { config: { training: { batchSize: 16, microBatch: 8 } } },
  });
});

test('where the trace goes is looked at before', () => {
  const file = join(tmpdir(), 'trace.json');
  expect(readProfileOptions({ ...options, trace: file }).file).toBe(file);
  expect(() => readProfileOptions({ ...options, trace: tmpdir() })).toThrow('Name another place with --trace.');
});
