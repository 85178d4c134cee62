import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { root } from '../../support/root.ts';

/** Runs `edm2` with streams that take nothing. */
function edm2(args: readonly string[], streams: { out: string; errors?: string }): { status: number; stderr: string } {
  const out = openSync(streams.out, 'w');
  const errors = streams.errors === undefined ? ('pipe' as const) : openSync(streams.errors, 'w');
  onTestFinished(() => {
    closeSync(out);
    if (errors !== 'pipe') closeSync(errors);
  });
  const command = [join(root, 'native-worker/cli/main.ts'), ...args];
  const ended = spawnSync(process.execPath, command, { stdio: ['ignore', out, errors], encoding: 'utf8' });
  return { status: ended.status!, stderr: ended.output[2] ?? '' };
}

test
  .skipIf(!existsSync('/dev/full'))
  .each(['--help', '--version', 'count --preset demo', 'count --preset demo --json'])(
  'edm2 %s says in a sentence that its output can not be written',
  (command) => {
    const { status, stderr } = edm2(command.split(' '), { out: '/dev/full' });
    expect(stderr).toBe(
      "What edm2 prints can't be written where the standard output leads: no space is left there. Send it elsewhere.\n",
    );
    expect(status).toBe(1);
  },
);

test.skipIf(!existsSync('/dev/full'))('an error output that takes nothing, either, leaves an exit code', () => {
  expect(edm2(['count', '--preset', 'demo'], { out: '/dev/full', errors: '/dev/full' }).status).toBe(1);
  expect(edm2(['count', '--preset', 'no such'], { out: '/dev/null', errors: '/dev/full' }).status).not.toBe(0);
});
