import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeAll, writeAllAt, writeDurably, writeDurablyAsync } from '../../../native-worker/store/durable-file.ts';

let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edm2-durable-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** A device that answers every write with "no space left". */
const FULL = '/dev/full';

describe('a durable file', () => {
  test('has its content and leaves no temporary file', () => {
    const file = path.join(folder, 'a');
    expect(writeDurably(file, (fd) => (writeAll(fd, Buffer.from('one')), 7))).toBe(7);
    expect(fs.readFileSync(file, 'utf8')).toBe('one');
    expect(fs.readdirSync(folder)).toEqual(['a']);
  });

  test('replaces an older one', () => {
    const file = path.join(folder, 'a');
    fs.writeFileSync(file, 'a longer old content');
    writeDurably(file, (fd) => writeAll(fd, Buffer.from('new')));
    expect(fs.readFileSync(file, 'utf8')).toBe('new');
  });

  test('keeps the old content and removes the temporary file when writing fails', () => {
    const file = path.join(folder, 'a');
    fs.writeFileSync(file, 'old');
    expect(() =>
      writeDurably(file, (fd) => {
        writeAll(fd, Buffer.from('half'));
        throw new Error('power');
      }),
    ).toThrow('power');
    expect(fs.readFileSync(file, 'utf8')).toBe('old');
    expect(fs.readdirSync(folder)).toEqual(['a']);
  });

  test('is not seen under its name before it is whole', () => {
    const file = path.join(folder, 'a');
    writeDurably(file, (fd) => {
      writeAll(fd, Buffer.from('one'));
      expect(fs.existsSync(file)).toBe(false);
    });
  });

  test.runIf(fs.existsSync(FULL))('says no-space when the disk is full, and leaves nothing', async () => {
    const full = fs.openSync(FULL, 'w');
    const file = path.join(folder, 'a');
    try {
      expect(() => writeDurably(file, () => writeAll(full, Buffer.from('x')))).toThrow(
        expect.objectContaining({ code: 'no-space', message: expect.stringContaining('no space left') as string }),
      );
    } finally {
      fs.closeSync(full);
    }
    const handle = await fs.promises.open(FULL, 'w');
    try {
      await expect(writeDurablyAsync(file, () => writeAllAt(handle, Buffer.from('x'), 0))).rejects.toMatchObject({
        code: 'no-space',
      });
    } finally {
      await handle.close();
    }
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test('passes other errors on as they are', () => {
    expect(() => writeDurably(path.join(folder, 'missing', 'a'), () => undefined)).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
  });
});

describe('a durable file that is written by and by', () => {
  test('takes writes in any order', async () => {
    const file = path.join(folder, 'a');
    await writeDurablyAsync(file, async (handle) => {
      await writeAllAt(handle, Buffer.from('world'), 5);
      await writeAllAt(handle, Buffer.from('hello'), 0);
    });
    expect(fs.readFileSync(file, 'utf8')).toBe('helloworld');
    expect(fs.readdirSync(folder)).toEqual(['a']);
  });

  test('leaves nothing when it is broken off', async () => {
    const file = path.join(folder, 'a');
    await expect(
      writeDurablyAsync(file, async (handle) => {
        await writeAllAt(handle, Buffer.from('half'), 0);
        throw new Error('cancelled');
      }),
    ).rejects.toThrow('cancelled');
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});
