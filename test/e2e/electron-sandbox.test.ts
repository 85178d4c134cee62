import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDisplay, type Display } from '../support/display.ts';
import { findElectron } from '../support/electron-copy.ts';
import { lack, lacksForElectron } from '../support/needs.ts';
import { root } from '../support/root.ts';

/** "nobody": Chromium builds no sandbox for root, as which tests often run. */
const NOBODY = { uid: 65534, gid: 65534 };
/** What /proc says of a process whose system calls are filtered. */
const SECCOMP_FILTER = '2';

const lacking = (await lacksForElectron()) ?? lacksNamespaces();

describe.skipIf(lacking !== null)('the app of a user who is not root', () => {
  let folder: string;
  let display: Display;
  let app: ChildProcess;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'edm2-sandbox-'));
    chmodSync(folder, 0o755);
    // The page alone, where that user may read it; the service is not needed for this.
    const appFolder = join(folder, 'app');
    for (const part of ['package.json', 'dist/main', 'dist/renderer']) {
      cpSync(join(root, part), join(appFolder, part), { recursive: true });
    }
    const { dist } = await findElectron();
    execFileSync('cp', ['-r', dist, join(folder, 'electron')]);
    execFileSync('chmod', ['-R', 'a+rX', folder]);
    const home = join(folder, 'home');
    mkdirSync(home);
    chownSync(home, ...whoami());

    display = await startDisplay();
    const user = process.getuid?.() === 0 ? NOBODY : {};
    app = spawn(join(folder, 'electron/electron'), ['--disable-gpu', `--user-data-dir=${home}/data`, appFolder], {
      ...user,
      env: { PATH: process.env.PATH, HOME: home, DISPLAY: display.name, EDM2_LIBRARY: join(home, 'library') },
      stdio: 'ignore',
    });
  });

  afterAll(async () => {
    if (app.exitCode === null) {
      const ended = new Promise((resolve) => app.once('exit', resolve));
      app.kill('SIGTERM');
      await ended;
    }
    display.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test('shows its page from a process in a namespace of its own whose system calls are filtered', async () => {
    const pages = (): Confinement[] => confinements(app.pid!).filter(({ kind }) => kind === 'renderer');
    await expect.poll(() => pages().length, { timeout: 30_000 }).toBe(1);
    await expect.poll(() => pages()[0]?.seccomp, { timeout: 10_000 }).toBe(SECCOMP_FILTER);
    expect(pages()[0]?.namespaces).not.toBe(namespaces(app.pid!));
    expect(app.exitCode).toBeNull();
  });
});

interface Confinement {
  readonly kind: string;
  readonly seccomp: string;
  readonly namespaces: string;
}

/** How each process under one is confined, as the kernel says it. */
function confinements(ancestor: number): Confinement[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    parents.set(Number(name), Number(/^PPid:\s*(\d+)/m.exec(readProc(Number(name), 'status'))?.[1] ?? 0));
  }
  const descends = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === ancestor || descends(parent));
  };
  return [...parents.keys()].filter(descends).map((pid) => ({
    kind: /--type=([a-z-]+)/.exec(readProc(pid, 'cmdline'))?.[1] ?? '',
    seccomp: /^Seccomp:\s*(\d)/m.exec(readProc(pid, 'status'))?.[1] ?? '',
    namespaces: namespaces(pid),
  }));
}

/** '' for a process that has ended meanwhile. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function namespaces(pid: number): string {
  return spawnSync('readlink', [`/proc/${pid}/ns/pid`], { encoding: 'utf8' }).stdout.trim();
}

function whoami(): [number, number] {
  return process.getuid?.() === 0 ? [NOBODY.uid, NOBODY.gid] : [process.getuid!(), process.getgid!()];
}

/** Chromium's sandbox needs namespaces that a user may make. */
function lacksNamespaces(): string | null {
  const user = process.getuid?.() === 0 ? NOBODY : {};
  const tried = spawnSync('unshare', ['--user', '--pid', '--fork', 'true'], { ...user, stdio: 'ignore' });
  return tried.status === 0 ? null : lack('Users may not make namespaces on this machine, so Chromium has no sandbox.');
}
