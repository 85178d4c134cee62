import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from '../../support/root.ts';
import { forRoot, ordinaryUser } from '../../support/user.ts';

/** An ordinary user without a home, without a name, without a temporary folder: what the command line says then. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-circumstances-'));
  chmodSync(folder, 0o777);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Said {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in an environment that has nothing but PATH and what is given. */
function edm2(args: readonly string[], variables: Record<string, string>): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'native-worker/cli/main.ts'), ...args], {
    ...ordinaryUser,
    env: { PATH: process.env.PATH, ...variables },
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

const commands = [['runs'], ['serve'], ['train', '--dataset', 'Emoji']];

const unmakeable =
  "The library's folder /nonexistent/.local/share/edm2-studio/library can't be made. Name one of your own with --library, or in EDM2_LIBRARY.";
const nobody =
  'The system knows no home folder of this user. Set HOME, or EDM2_LIBRARY and EDM2_CACHE, to folders of your own.';

test.each(commands)(
  'edm2 %s says in one sentence that no library can be made in a home that is not there',
  (...args) => {
    expect(edm2(args, { HOME: '/nonexistent' })).toEqual({ status: 1, out: '', err: `${unmakeable}\n` });
  },
);

test('edm2 doctor reports all the same, with the library and the cache as findings', () => {
  const { status, out, err } = edm2(['doctor'], { HOME: '/nonexistent' });
  expect({ status, err }).toEqual({ status: 1, err: '' });
  const lines = out.split('\n');
  expect(lines).toContain(`✗ Library: ${unmakeable}`);
  expect(lines).toContain("✗ Cache folder: /nonexistent/.cache/edm2-studio can't be made");
  expect(lines).toContain('  Set EDM2_CACHE to a folder that you may write to.');
  expect(out).toContain('· Processor: ');
  expect(out).not.toMatch(/^\s+at /mu);
});

test('a temporary folder that is not there is done without', () => {
  const library = join(folder, 'library');
  const variables = { TMPDIR: '/nonexistent', EDM2_LIBRARY: library, EDM2_CACHE: join(folder, 'cache') };
  expect(edm2(['runs'], variables)).toEqual({
    status: 0,
    out: 'There are no runs yet. `edm2 demo` makes one.\n',
    err: '',
  });
});

// Only root can play somebody of whom the system knows no home.
forRoot(() => {
  test.each(commands)('edm2 %s says in one sentence that this user has no home', (...args) => {
    expect(edm2(args, {})).toEqual({ status: 1, out: '', err: `${nobody}\n` });
  });

  test('edm2 doctor reports to a user without a home, too', () => {
    const { status, out, err } = edm2(['doctor'], {});
    expect({ status, err }).toEqual({ status: 1, err: '' });
    for (const title of ['Library', 'TensorFlow runtime', 'TensorFlow binding', 'Cache folder'])
      expect(out).toContain(`✗ ${title}: ${nobody}`);
    expect(out).toContain('· Processor: ');
  });

  test('a user without a home who says where everything is needs none', () => {
    const variables = { EDM2_LIBRARY: join(folder, 'library'), EDM2_CACHE: join(folder, 'cache') };
    expect(edm2(['runs'], variables)).toMatchObject({ status: 0, err: '' });
  });
});

test('what was compiled for one command is kept for the next, in the cache folder', () => {
  const [first, second] = [edm2(['--version'], { EDM2_CACHE: folder }), edm2(['--version'], { EDM2_CACHE: folder })];
  expect(readdirSync(join(folder, 'code')).length).toBeGreaterThan(0);
  expect({ ...first, status: 0 }).toEqual(second);
});
