import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { databasePath } from '../../native-worker/store/paths.ts';
import { root } from './root.ts';

/**
 * Lets another process take the write lock of a library's index, as a backup or a database browser does.
 *
 * @param mode `--again`: it lets go now and then, for the time of a transaction
 * @returns what makes it let go, and waits until it has
 */
export async function holdIndex(library: string, mode?: '--again'): Promise<() => Promise<void>> {
  const args = [
    join(root, 'test/support/index-holder.ts'),
    databasePath(library),
    ...(mode === undefined ? [] : [mode]),
  ];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  };
}
