import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Dataset } from '../../contract/datasets.ts';
import { findPreset } from '../../contract/presets.ts';
import type { Run } from '../../contract/runs.ts';
import type { RunConfig } from '../../contract/training.ts';
import { closeDisplay, launchApp } from '../support/electron.ts';
import { lacksForElectron } from '../support/needs.ts';

const lacking = await lacksForElectron();
const answers = ['Keep training', 'Pause and quit', 'Cancel'];

describe.skipIf(lacking !== null)('closing the window while a run trains', () => {
  let folder: string;
  let app: ElectronApplication | null = null;
  let page: Page;

  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'edm2-closing-'))));
  afterEach(async () => {
    if (app === null) return;
    await answerDialogs('Keep training');
    await app.close();
    app = null;
  });
  afterAll(() => {
    closeDisplay();
    if (existsSync(join(folder, 'library/library.open'))) process.kill(servicePid(), 'SIGTERM');
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
  });

  async function open(): Promise<void> {
    app = await launchApp({ library: join(folder, 'library'), userData: join(folder, 'user') });
    page = await app.firstWindow();
    await page.waitForLoadState();
  }

  async function ask<T>(name: string, input: unknown): Promise<T> {
    const reply = await page.evaluate(([call, given]) => window.api.call(call, given), [name, input] as const);
    if (!reply.ok) throw new Error(`${name}: ${reply.message}`);
    return reply.value as T;
  }

  /** Lets the question be answered without anybody there, and keeps what was asked. */
  async function answerDialogs(answer: string): Promise<void> {
    await app!.evaluate(({ dialog }, response) => {
      dialog.showMessageBox = ((_window: unknown, options: Electron.MessageBoxOptions) => {
        (globalThis as unknown as { asked: unknown }).asked = options;
        return Promise.resolve({ response, checkboxChecked: false });
      }) as typeof dialog.showMessageBox;
    }, answers.indexOf(answer));
  }

  /** The user clicks the window's cross; resolves when the app has ended. */
  async function closeWindow(): Promise<void> {
    const ended = new Promise((resolve) => app!.process().once('exit', resolve));
    await app!.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await ended;
    app = null;
  }

  const theRun = async (): Promise<Run> => ask<Run>('runs.get', { id: 1 });

  async function startLongRun(): Promise<void> {
    const [dataset] = await ask<Dataset[]>('datasets.list', {});
    await ask('runs.create', { name: 'long', datasetId: dataset!.id, config: longRun() });
    await expect.poll(async () => (await theRun()).nimg, { timeout: 120_000 }).toBeGreaterThan(0);
  }

  test('"Cancel" leaves all as it is; "Keep training" closes the window, and the next start finds the run further on', async () => {
    await open();
    await startLongRun();

    await answerDialogs('Cancel');
    await app!.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await expect
      .poll(() => app!.evaluate(() => (globalThis as unknown as { asked?: unknown }).asked))
      .toMatchObject({
        message: 'long is still training.',
        buttons: answers,
      });
    expect(app!.windows()).toHaveLength(1);

    const { nimg } = await theRun();
    await answerDialogs('Keep training');
    await closeWindow();

    await open();
    const later = await theRun();
    expect(later.state).toBe('running');
    await expect.poll(async () => (await theRun()).nimg, { timeout: 60_000 }).toBeGreaterThan(nimg);
  });

  test('"Pause and quit" writes a checkpoint, and the next start finds the run paused', async () => {
    await open();
    expect((await theRun()).state).toBe('running');
    await answerDialogs('Pause and quit');
    await closeWindow();
    // The service ends with its last word; nothing of it stays behind.
    await expect.poll(() => existsSync(join(folder, 'library/library.open')), { timeout: 30_000 }).toBe(false);

    await open();
    expect((await theRun()).state).toBe('paused');
    const { checkpoints } = await ask<{ checkpoints: { nimg: number }[] }>('runs.snapshots', { id: 1 });
    expect(checkpoints.length).toBeGreaterThan(0);
    expect(checkpoints.at(-1)?.nimg).toBeGreaterThan(0);
  });

  test('a service that is killed is started again, and the page goes on', async () => {
    await open();
    await ask('app.info', {});
    const before = servicePid();
    process.kill(before, 'SIGKILL');
    await expect.poll(() => ask('app.info', {}).then(() => 'answered', String), { timeout: 30_000 }).toBe('answered');
    expect(servicePid()).not.toBe(before);
  });

  function servicePid(): number {
    return (JSON.parse(readFileSync(join(folder, 'library/service.lock'), 'utf8')) as { pid: number }).pid;
  }
});

/** The demo preset without grids and snapshots in the way, long enough to be closed in the middle. */
function longRun(): RunConfig {
  const { config } = findPreset('demo')!;
  return {
    ...config,
    training: { ...config.training, batchSize: 8, durationImages: 100_000 },
    logging: { tickImages: 16, snapshotImages: 0, checkpointImages: 0, sampleImages: 0, validationImages: 0 },
  };
}
