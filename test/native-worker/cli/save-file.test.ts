import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { checkTarget, saveCopy, saveBytes, savePieces, saveText } from '../../../native-worker/cli/save-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'edm2-target-'));
afterAll(() => rmSync(folder, { recursive: true }));

const forbidden = expect.objectContaining({ code: 'forbidden' }) as Error;

test('a place that can be written is found so, and nothing is left there', () => {
  checkTarget(join(folder, 'new', 'x.png'));
  expect(readdirSync(join(folder, 'new'))).toEqual([]);
});

test('a folder under its name, or a file in the place of its folder, is noticed', () => {
  mkdirSync(join(folder, 'taken.png'));
  writeFileSync(join(folder, 'file'), '');
  expect(() => checkTarget(join(folder, 'taken.png'))).toThrow(forbidden);
  expect(() => checkTarget(join(folder, 'file', 'x.png'))).toThrow(forbidden);
});

test.skipIf(process.platform !== 'linux')('a file system that takes no files is noticed, even by root', () => {
  expect(() => checkTarget('/proc/x.png')).toThrow(forbidden);
  expect(() => checkTarget('/sys/x.png')).toThrow(forbidden);
});

describe.skipIf(process.platform === 'win32')('a link', () => {
  /** Each way of writing a file, to a link that is checked before. */
  const ways: [string, (file: string) => void][] = [
    ['a picture', (file) => saveBytes(Buffer.from('new'), file)],
    ['a text', (file) => saveText('new', file, '--trace')],
    [
      'a copy',
      (file) => {
        writeFileSync(join(folder, 'source'), 'new');
        saveCopy(join(folder, 'source'), file);
      },
    ],
  ];

  test.each(ways)('is written through and stays: %s', (_what, save) => {
    const far = mkdtempSync(join(folder, 'far-'));
    writeFileSync(join(far, 'old.png'), 'old');
    const link = join(far, 'link.png');
    symlinkSync('old.png', link);
    checkTarget(link);
    save(link);
    expect([readlinkSync(link), readFileSync(join(far, 'old.png'), 'utf8')]).toEqual(['old.png', 'new']);
    expect(lstatSync(join(far, 'old.png')).isFile()).toBe(true);
    expect(readdirSync(far).sort()).toEqual(['link.png', 'old.png']);
  });

  test('that leads to what is yet to be made, over other links and linked folders, makes it there', () => {
    const place = mkdtempSync(join(folder, 'place-'));
    mkdirSync(join(place, 'real/deep'), { recursive: true });
    symlinkSync('real/deep', join(place, 'short'));
    symlinkSync('../made.png', join(place, 'real/deep/first.png')); // from where the folder really is: real/made.png
    symlinkSync('short/first.png', join(place, 'second.png'));
    const link = join(place, 'second.png');
    checkTarget(link);
    expect(existsSync(join(place, 'real/made.png'))).toBe(false);
    saveBytes(Buffer.from('new'), link);
    expect(readFileSync(join(place, 'real/made.png'), 'utf8')).toBe('new');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readdirSync(place).sort()).toEqual(['real', 'second.png', 'short']);
  });

  test('that leads in a circle, or to a folder, is noticed', () => {
    symlinkSync('round-b', join(folder, 'round-a'));
    symlinkSync('round-a', join(folder, 'round-b'));
    symlinkSync('.', join(folder, 'itself'));
    expect(() => checkTarget(join(folder, 'round-a'))).toThrow(forbidden);
    expect(() => checkTarget(join(folder, 'itself'))).toThrow(forbidden);
  });
});

test('pieces are written whole or not at all, and what breaks off leaves what was there before', async () => {
  const file = join(folder, 'pieces', 'all.csv');
  checkTarget(file);
  const pieces = async function* (fails: boolean): AsyncGenerator<Uint8Array> {
    await Promise.resolve();
    yield Buffer.from('a,');
    if (fails) throw new Error('it broke off');
    yield Buffer.from('b');
  };
  await savePieces(pieces(false), file);
  await expect(savePieces(pieces(true), file)).rejects.toThrow('it broke off');
  expect(readFileSync(file, 'utf8')).toBe('a,b');
  expect(readdirSync(join(folder, 'pieces'))).toEqual(['all.csv']);
  await expect(savePieces(pieces(false), join(file, 'x'))).rejects.toThrow(forbidden);
});
