import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listPackage } from '@electron/asar';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Dataset } from '../../contract/datasets.ts';
import { findPreset } from '../../contract/presets.ts';
import type { Run } from '../../contract/runs.ts';
import type { DoctorReport } from '../../contract/runtime.ts';
import { startDisplay, type Display } from '../support/display.ts';
import { appArguments, cleanEnvironment, closeDisplay, launchApp } from '../support/electron.ts';
import { lacksForElectron } from '../support/needs.ts';
import { pack, readFuses, type Packed } from './pack.ts';

const lacking = await lacksForElectron();
let folder: string;

beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'edm2-package-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

describe.skipIf(lacking !== null)('the app as it is shipped', () => {
  let packed: Packed;
  let display: Display;

  beforeAll(async () => {
    packed = await pack(folder, 'release');
    display = await startDisplay();
  });
  afterAll(() => display.stop());

  function environment(library: string): Record<string, string> {
    return { ...cleanEnvironment(), DISPLAY: display.name, EDM2_LIBRARY: join(folder, library) };
  }

  test('has its fuses blown: no Node of its own, no debugger, no other code', async () => {
    const { fileProtocol, ...fuses } = await readFuses(packed.executable);
    expect(fuses).toEqual({
      runAsNode: false,
      nodeOptions: false,
      inspect: false,
      asarIntegrity: true,
      onlyAsar: true,
    });
    expect(fileProtocol ?? false).toBe(false);
  });

  test('has in its archive only what Electron runs, a few megabytes', () => {
    const archive = join(packed.resources, 'app.asar');
    const files = listPackage(archive, { isPack: false });
    expect(files.filter((file) => !/^[/\\](package\.json|dist([/\\](main|renderer).*)?)$/.test(file))).toEqual([]);
    expect(statSync(archive).size).toBeLessThan(10 * 2 ** 20);
    expect(existsSync(join(packed.resources, 'default_app.asar'))).toBe(false);
  });

  test('carries its own Node, the native parts for this system alone, the demo set and the locks of the runtimes', () => {
    const worker = join(packed.resources, 'worker');
    const version = spawnSync(join(worker, 'node/node'), ['--version'], { encoding: 'utf8' }).stdout;
    expect(version).toMatch(/^v24\./);
    expect(readdirSync(join(worker, 'node_modules/better-sqlite3/prebuilds'))).toEqual(['linux-x64.node']);
    expect(readdirSync(join(worker, 'node_modules/@koromix'))).toEqual(['koffi-linux-x64']);
    for (const file of [
      'runtime/cpu.lock',
      'runtime/cuda12.lock',
      'node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8',
      'node_modules/koffi/LICENSE.txt',
      'node_modules/koffi/src/koffi/index.cjs',
    ]) {
      expect(existsSync(join(worker, file)), file).toBe(true);
    }
    expect(readdirSync(join(worker, 'demo-set')).length).toBeGreaterThan(0);
  });

  test("is no Node for somebody else's program", () => {
    const script = join(folder, 'ran');
    spawnSync(packed.executable, ['-e', `require('fs').writeFileSync(${JSON.stringify(script)}, '')`, '--no-sandbox'], {
      env: { ...environment('none'), ELECTRON_RUN_AS_NODE: '1', DISPLAY: '' },
      timeout: 10_000,
    });
    expect(existsSync(script)).toBe(false);
  });

  test('starts, brings its service up, and opens no port for a debugger', async () => {
    const library = join(folder, 'shipped');
    const app = spawn(packed.executable, ['--inspect=0', ...appArguments({})], {
      env: environment('shipped'),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    app.stderr.on('data', (part: Buffer) => (said += part.toString()));
    try {
      await expect.poll(() => existsSync(join(library, 'service.lock')), { timeout: 60_000 }).toBe(true);
      expect(app.exitCode).toBeNull();
      expect(said).not.toContain('Debugger listening');
    } finally {
      const ended = new Promise((resolve) => app.once('exit', resolve));
      app.kill('SIGTERM');
      await ended;
    }
  });
});

describe.skipIf(lacking !== null)('the packed app, driven', () => {
  let app: ElectronApplication;
  let page: Page;
  let library: string;

  beforeAll(async () => {
    const packed = await pack(folder, 'driven');
    library = join(folder, 'driven-library');
    app = await launchApp({ library, executable: packed.executable });
    page = await app.firstWindow();
    await page.waitForLoadState();
  });

  afterAll(async () => {
    await app.close();
    closeDisplay();
  });

  async function ask<T>(name: string, input: unknown): Promise<T> {
    const reply = await page.evaluate(([call, given]) => window.api.call(call, given), [name, input] as const);
    if (!reply.ok) throw new Error(`${name}: ${reply.message}`);
    return reply.value as T;
  }

  test('shows its page out of the archive', async () => {
    expect(page.url()).toMatch(/^app:\/\/edm2\//);
    expect(await app.evaluate(({ app: electronApp }) => [electronApp.isPackaged, electronApp.getAppPath()])).toEqual([
      true,
      expect.stringMatching(/app\.asar$/),
    ]);
    await expect.poll(() => page.getByRole('heading').count()).toBeGreaterThan(0);
  });

  test('opens no developer tools and does not reload by keys', async () => {
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.openDevTools());
    await page.evaluate(() => ((window as unknown as { stays: boolean }).stays = true));
    for (const keys of ['Control+R', 'F5', 'Control+Shift+I', 'F12']) await page.keyboard.press(keys);
    await page.waitForTimeout(500); // only time can tell that nothing opens
    const open = await app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().map((window) => window.webContents.isDevToolsOpened()),
    );
    expect(open).toEqual([false]);
    expect(await page.evaluate(() => (window as unknown as { stays?: boolean }).stays)).toBe(true);
  });

  test('has a service that says the runtime is ready', async () => {
    const report = await ask<DoctorReport>('runtime.doctor', {});
    expect(report.checks.filter((check) => check.status === 'bad')).toEqual([]);
    expect(report.ok).toBe(true);
  });

  test('trains a few steps on the set that it ships with', async () => {
    const demo = findPreset('demo')!.config;
    const [dataset] = await ask<Dataset[]>('datasets.list', {});
    const { runId } = await ask<{ runId: number }>('runs.create', {
      name: 'packed',
      datasetId: dataset!.id,
      config: {
        ...demo,
        training: { ...demo.training, batchSize: 8, durationImages: 32 },
        logging: { tickImages: 8, snapshotImages: 0, checkpointImages: 0, sampleImages: 0 },
      },
    });
    const state = async (): Promise<string> => (await ask<Run>('runs.get', { id: runId })).state;
    await expect.poll(state, { timeout: 120_000, interval: 500 }).toBe('finished');
    expect((await ask<{ nimg: number[] }>('runs.ticks', { id: runId })).nimg.at(-1)).toBe(32);
    expect(readFileSync(join(library, 'library.sqlite')).subarray(0, 15).toString()).toBe('SQLite format 3');
  });
});
