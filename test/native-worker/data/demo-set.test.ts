import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeDataset, openDataset, type PackedDataset } from '../../../native-worker/data/dataset-file.ts';
import { demoSetSha256, writeDemoSet } from '../../../native-worker/data/demo-set.ts';
import { readPicture } from '../../../native-worker/data/picture.ts';

let folder = '';
let file = '';
let set: PackedDataset;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edm2-demo-'));
  file = path.join(folder, 'pictures.safetensors');
  writeDemoSet(file);
  set = openDataset(file);
});
afterAll(() => {
  set.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

const BYTES = 32 * 32 * 3;

function picture(index: number): Uint8Array {
  const pixels = new Uint8Array(BYTES);
  set.readPictures([index], pixels);
  return pixels;
}

function pixel(pixels: Uint8Array, x: number, y: number): number[] {
  return [...pixels.subarray((y * 32 + x) * 3, (y * 32 + x) * 3 + 3)];
}

/** Mean red, green and blue of a class. */
function meanColour(name: string): number[] {
  const label = set.classes.indexOf(name);
  const indices = [...set.labels.keys()].filter((index) => set.labels[index] === label);
  const sums = [0, 0, 0];
  for (const index of indices) picture(index).forEach((value, at) => (sums[at % 3]! += value));
  return sums.map((sum) => sum / (indices.length * 32 * 32));
}

describe('the demo set', () => {
  test('has 3,781 pictures at 32×32 in nine classes', () => {
    expect([set.count, set.resolution, set.channels]).toEqual([3781, 32, 3]);
    expect(Object.fromEntries(set.classes.map((name, label) => [name, set.classCounts[label]]))).toEqual({
      Activities: 85,
      'Animals & Nature': 159,
      Flags: 270,
      'Food & Drink': 131,
      Objects: 264,
      'People & Body': 2261,
      'Smileys & Emotion': 169,
      Symbols: 224,
      'Travel & Places': 218,
    });
  });

  test('unpacks to the bytes that it was made as', async () => {
    const facts = await describeDataset(file);
    expect(facts.sha256).toBe('a3608212b692e75a687ba38041f0dbe862c51f021a46825b85460d872695cbf4');
    expect(demoSetSha256()).toBe(facts.sha256);
    expect(facts.attribution).toContain('Twitter, Inc and other contributors');
    expect(facts.attribution).toContain('CC BY 4.0');
  });

  test('is on white: the corners of most pictures', () => {
    let white = 0;
    for (let index = 0; index < set.count; index++) white += Number(pixel(picture(index), 0, 0).every((v) => v >= 250));
    expect(white / set.count).toBeGreaterThan(0.9);
  });

  test('has yellow faces and flags that fill the middle rows only', () => {
    const [red = 0, green = 0, blue = 0] = meanColour('Smileys & Emotion');
    expect(red).toBeGreaterThan(green);
    expect(green).toBeGreaterThan(blue + 30);
    const grinning = picture(set.labels.indexOf(set.classes.indexOf('Smileys & Emotion')));
    expect(pixel(grinning, 16, 8)).toEqual([255, 204, 77]); // Twemoji's yellow, #FFCC4D
    const flag = picture(set.labels.indexOf(set.classes.indexOf('Flags')) + 100);
    expect(pixel(flag, 16, 0)).toEqual([255, 255, 255]);
    expect(pixel(flag, 16, 16)).not.toEqual([255, 255, 255]);
  });

  test('knows the spread of its pixels', () => {
    const all = new Uint8Array(set.count * BYTES);
    set.readPictures([...set.labels.keys()], all);
    const mean = all.reduce((sum, v) => sum + v, 0) / all.length;
    const variance = all.reduce((sum, v) => sum + (v - mean) ** 2, 0) / all.length;
    expect(set.pixelStd).toBeCloseTo(Math.sqrt(variance) / 127.5, 9);
  });

  test('is what the importer makes of the pictures in emoji-datasource-twitter', async () => {
    const root = path.dirname(createRequire(import.meta.url).resolve('emoji-datasource-twitter/package.json'));
    const grinning = await readPicture(path.join(root, 'img/twitter/64/1f600.png'), 32);
    const ours = picture(set.labels.indexOf(set.classes.indexOf('Smileys & Emotion')));
    // One step of rounding is what another build of the same resizer may differ by.
    expect(Math.max(...grinning.map((value, at) => Math.abs(value - ours[at]!)))).toBeLessThanOrEqual(1);
  });

  test('that is damaged is told from a good one, and nothing is written', () => {
    const copy = path.join(folder, 'demo-set');
    fs.cpSync(new URL('../../../demo-set', import.meta.url), copy, { recursive: true });
    const packed = path.join(copy, 'pictures.safetensors.br');
    const bytes = fs.readFileSync(packed);
    bytes[bytes.length >> 1]! ^= 1;
    fs.writeFileSync(packed, bytes);
    const target = path.join(folder, 'never');
    expect(() => writeDemoSet(target, copy)).toThrow(expect.objectContaining({ code: 'corrupt-file' }));
    fs.writeFileSync(packed, bytes.subarray(0, 1000));
    expect(() => writeDemoSet(target, copy)).toThrow(expect.objectContaining({ code: 'corrupt-file' }));
    expect(fs.existsSync(target)).toBe(false);
  });

  test('takes less than 4 MB of the repository, and emoji-datasource-twitter is for development alone', () => {
    const bytes = fs.statSync(new URL('../../../demo-set/pictures.safetensors.br', import.meta.url)).size;
    expect(bytes).toBeLessThan(4e6);
    const { dependencies, devDependencies } = JSON.parse(
      fs.readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    ) as Record<string, Record<string, string>>;
    expect(dependencies).not.toHaveProperty('emoji-datasource-twitter');
    expect(devDependencies).toHaveProperty('emoji-datasource-twitter');
  });
});
