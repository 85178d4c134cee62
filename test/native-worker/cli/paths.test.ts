import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { libraryPath } from '../../../native-worker/cli/paths.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the library of a command', () => {
  test('is relative to the working folder, whatever npm says', () => {
    vi.stubEnv('INIT_CWD', tmpdir());
    expect(libraryPath('cats')).toBe(resolve('cats'));
    vi.stubEnv('EDM2_LIBRARY', 'dogs');
    expect(libraryPath(undefined)).toBe(resolve('dogs'));
  });

  test('is the one of --library where EDM2_LIBRARY names another', () => {
    vi.stubEnv('EDM2_LIBRARY', join(homedir(), 'dogs'));
    expect(libraryPath(join(tmpdir(), 'cats'))).toBe(join(tmpdir(), 'cats'));
  });

  test('can not be named by an empty --library', () => {
    expect(() => libraryPath('')).toThrow(
      expect.objectContaining({ code: 'invalid-input', message: expect.stringContaining('--library') as string }),
    );
  });
});
