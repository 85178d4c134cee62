import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openClient, type ServiceClient } from '../../native-worker/client/service-client.ts';
import { startService, type RunningService, type ServiceOptions } from '../../native-worker/service/service.ts';
import { root } from './root.ts';
import { makeLibrary } from './training-library.ts';

/** A service in this process, with a library, pages and fake jobs, as most tests of the service want it. */
export interface ServiceUnderTest {
  folder: string;
  datasetId: number;
  service: RunningService;
  client: ServiceClient;
  /** Ends everything and removes the folder. */
  end(): Promise<void>;
}

/** What stands in for the built pages. */
export function makePages(folder: string): string {
  const pages = join(folder, 'pages');
  mkdirSync(join(pages, 'assets'), { recursive: true });
  writeFileSync(join(pages, 'index.html'), '<!doctype html><title>EDM2 Studio</title>');
  writeFileSync(join(pages, 'assets', 'app.js'), 'export {};');
  return pages;
}

export const fakeJob = join(root, 'test/support/fake-job.ts');

/** What fake jobs need; they load no TensorFlow. */
export const fakeEnvironment = (): Promise<Record<string, string>> => Promise.resolve({ PATH: process.env.PATH ?? '' });

export async function startServiceUnderTest(options: Partial<ServiceOptions> = {}): Promise<ServiceUnderTest> {
  const { library, datasetId } = await makeLibrary();
  const { folder } = library;
  library.close();
  const aside = mkdtempSync(join(tmpdir(), 'edm2-pages-'));
  const service = (await startService({
    library: folder,
    idleMs: null,
    jobScript: fakeJob,
    environment: fakeEnvironment,
    pages: makePages(aside),
    demoSet: false,
    patienceMs: 5000,
    ...options,
  }))!;
  const client = await openClient(service.socket);
  return {
    folder,
    datasetId,
    service,
    client,
    async end() {
      client.close();
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
      rmSync(aside, { recursive: true, force: true });
    },
  };
}

/** Waits until something is so. */
export async function until<T>(
  what: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await what();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what.toString()}`);
    await sleep(25);
  }
}
