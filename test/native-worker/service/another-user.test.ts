import { spawn } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takeLibrary } from '../../../native-worker/service/ownership.ts';
import { insertJob } from '../../../native-worker/store/jobs.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { runFolder } from '../../../native-worker/store/paths.ts';
import { needAccess, refusal } from '../../../native-worker/system/refusal.ts';
import { startJobProcess } from '../../support/job-process.ts';
import { root } from '../../support/root.ts';
import { asRoot, forRoot } from '../../support/user.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

/** Files in a library that this user may not use: somebody has worked in it as root. */

/** Whoever this is, it is not root. */
const NOBODY = 65_534;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-user-'));
  takeLibrary(folder)!.release();
  openLibrary(folder, { migrate: true }).close();
  mkdirSync(join(folder, 'logs'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function giveAll(path: string, uid: number): void {
  chownSync(path, uid, uid);
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) giveAll(join(path, name), uid);
}

/** Starts a service as another user. @returns its line, after its end if it does not serve */
async function startAs(uid: number): Promise<{ line: Record<string, unknown>; end: () => Promise<void> }> {
  const main = join(root, 'native-worker/service/main.ts');
  const child = spawn(process.execPath, [main, '--library', folder], {
    uid,
    gid: uid,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, HOME: folder, TMPDIR: '/tmp' },
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const text = await new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve));
  return {
    line: JSON.parse(text) as Record<string, unknown>,
    end: () => {
      child.kill('SIGTERM');
      return gone;
    },
  };
}

forRoot(() => {
  test('a service starts in a library of its own user', async () => {
    giveAll(folder, NOBODY);
    const { line, end } = await startAs(NOBODY);
    expect(line).toMatchObject({ ready: true });
    await end();
  });

  test.each(['service.held', 'library.sqlite', 'logs/service.log', 'files/tmp', 'logs'])(
    'a service does not start where %s belongs to root, and names both',
    async (name) => {
      const path = join(folder, name);
      if (name === 'logs/service.log') writeFileSync(path, '');
      giveAll(folder, NOBODY);
      chownSync(path, 0, 0);
      const { line, end } = await startAs(NOBODY);
      expect(line).toMatchObject({
        ready: false,
        code: 'forbidden',
        message: `${path} belongs to root, so user ${NOBODY} may not use it. Give it back (sudo chown -R on the library's folder), or run EDM2 Studio as root.`,
      });
      await end();
    },
  );

  test.each(['checkpoints', 'samples'])('a job says that its run’s %s belong to root before it works', async (name) => {
    const { library, datasetId, remove } = await makeLibrary();
    const runId = makeRun(library, datasetId, tinyConfig());
    const jobId = insertJob(library.db, {
      parameters: { kind: 'train', runId, engine: 'graph' },
      title: 'x',
      runId,
    });
    library.close();
    const path = join(library.folder, runFolder(runId), name);
    mkdirSync(path, { recursive: true });
    giveAll(library.folder, NOBODY);
    chownSync(path, 0, 0);
    const job = startJobProcess(library.folder, jobId, { uid: NOBODY });
    expect(await job.until((message) => message.type === 'ended')).toMatchObject({
      outcome: {
        kind: 'failed',
        code: 'forbidden',
        message: expect.stringContaining(`${path} belongs to root`) as string,
      },
    });
    await job.gone;
    remove();
  });

  test('of two services of two users one holds the library, though the lock file is root’s', async () => {
    giveAll(folder, NOBODY);
    chownSync(join(folder, 'service.held'), 0, 0);
    const ours = takeLibrary(folder)!;
    const { line, end } = await startAs(NOBODY);
    expect(line).toMatchObject({ ready: false, code: 'forbidden' });
    await end();
    ours.release();
  });
});

describe.skipIf(process.platform === 'win32')('as an ordinary user, of what the permissions forbid', () => {
  test.each(['service.held', 'library.sqlite', 'logs'])('%s is named as one’s own', async (name) => {
    const path = join(folder, name);
    const user = asRoot ? NOBODY : process.getuid!();
    if (asRoot) giveAll(folder, NOBODY);
    chmodSync(path, 0o400);
    const { line, end } = await startAs(user);
    expect(line).toMatchObject({
      ready: false,
      code: 'forbidden',
      message: expect.stringContaining(`${path} is yours`) as string,
    });
    await end();
    chmodSync(path, 0o700);
  });
});

test('what is there and usable, and what is not there, is not complained about', () => {
  needAccess(folder);
  needAccess(join(folder, 'service.held'));
  needAccess(join(folder, 'nothing', 'below'));
});

test('an error of the system keeps its sentence, and a bug stays a bug', () => {
  const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
  expect(refusal(full)).toMatchObject({ code: 'no-space' });
  const denied = Object.assign(new Error('open'), { code: 'EACCES', path: join(folder, 'service.held') });
  expect(refusal(denied)).toMatchObject({ code: 'forbidden' });
  expect(refusal(new TypeError('x is not a function'))).toBeNull();
});
