import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { climb } from '../../../contract/ladder.ts';
import { findPreset } from '../../../contract/presets.ts';
import { configFrom, rungNamed } from '../../../native-worker/cli/arguments.ts';
import { countNetwork, countWords } from '../../../native-worker/cli/commands/count.ts';
import { readNetwork } from '../../../native-worker/cli/network-options.ts';
import { root } from '../../support/root.ts';

const asked = (options: Partial<Parameters<typeof readNetwork>[0]>): ReturnType<typeof readNetwork> =>
  readNetwork({ preset: 'demo', channels: '3', classes: '0', set: [], ...options });

describe('a rung', () => {
  test('is named in capitals or not, and nothing else is one', () => {
    expect(rungNamed('c')).toBe('C');
    expect(() => rungNamed('H')).toThrow('--rung is one of A, B, C, D, E, F, G, not "H".');
  });

  test('is climbed before single settings are replaced', () => {
    expect(configFrom('small', [], 'C')).toEqual(climb(findPreset('small')!.config, 'C'));
    const config = configFrom('small', ['training.learningRate=0.003', 'network.switches.biases=true'], 'C');
    expect(config.training.learningRate).toBe(0.003);
    expect(config.network.switches).toMatchObject({ biases: true, weightNorm: 'none' });
    expect(configFrom('small', [])).toEqual(findPreset('small')!.config);
  });
});

// Parameters and Gflops of docs/ladder.md, which agree with the paper.
test.each([
  ['A', 295_902_724, 110.1],
  ['C', 277_816_640, 100.0],
  ['G', 280_212_837, 101.9],
])('size S on latents in configuration %s has %d parameters and takes %f Gflops', (rung, parameters, gflops) => {
  const counted = countNetwork(asked({ preset: 's', rung, channels: '4', classes: '1000' }));
  expect(counted.parameters.total).toBe(parameters);
  expect(counted.multiplyAdds.total / 1e9).toBeCloseTo(gflops, 1);
});

test('memory is that of the batch that goes through the network at once', () => {
  expect(countNetwork(asked({ preset: 's' })).batch).toBe(32);
  const [small, large] = ['8', '16'].map((batch) => countNetwork(asked({ preset: 's', batch })));
  expect([small!.batch, large!.batch]).toEqual([8, 16]);
  expect(large!.memoryEstimate.activations).toBe(2 * small!.memoryEstimate.activations);
});

test('the table says every part, and that memory is an estimate', () => {
  const options = asked({ preset: 's', channels: '4', classes: '1000' });
  const words = countWords(options, countNetwork(options));
  for (const part of ['280,212,837', '101.9 G', 'convolution 3×3', 'activations of 32 pictures', 'estimate']) {
    expect(words).toContain(part);
  }
  expect(Math.max(...words.split('\n').map((line) => line.length))).toBeLessThan(120);
});

test.each([
  [{ resolution: '3' }, '--resolution takes a whole number from 4 to 1024'],
  [{ resolution: '2000' }, '--resolution'],
  [{ channels: '0' }, '--channels'],
  [{ classes: '-1' }, '--classes'],
  [{ batch: 'x' }, '--batch'],
  [{ rung: 'Z' }, '--rung'],
  [{ preset: 'huge' }, 'huge'],
])('%j is refused', (options, named) => {
  expect(() => asked(options)).toThrow(named);
});

test('a network that can’t be is refused with the reason', () => {
  expect(() => countNetwork(asked({ resolution: '30' }))).toThrow('halves the picture');
});

test('the command answers without a service and makes no library', () => {
  const library = join(tmpdir(), `edm2-count-${process.pid}`);
  const edm2 = (...args: string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [join(root, 'native-worker/cli/main.ts'), 'count', '--library', library, ...args]);
  const counted = edm2('--preset', 'small', '--rung', 'b', '--json');
  expect(counted.status).toBe(0);
  expect(JSON.parse(String(counted.stdout))).toMatchObject({ type: 'count', preset: 'small', rung: 'B', batch: 128 });
  expect(edm2('--rung', 'H').status).toBe(2);
  expect(existsSync(library)).toBe(false);
});

test('a reader that has had enough is no failure', async () => {
  const child = spawn(process.execPath, [join(root, 'native-worker/cli/main.ts'), 'count'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy(); // as `edm2 count | true` does
  let errors = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect([code, errors]).toEqual([0, '']);
});
