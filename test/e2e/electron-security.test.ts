import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONTENT_SECURITY_POLICY } from '../../contract/security.ts';
import { appArguments, cleanEnvironment, closeDisplay, displayName, launchApp } from '../support/electron.ts';
import { findElectron } from '../support/electron-copy.ts';
import { lacksForElectron } from '../support/needs.ts';
import { root } from '../support/root.ts';

const lacking = await lacksForElectron();

describe.skipIf(lacking !== null)('a page in the window that turned hostile', () => {
  let folder: string;
  let app: ElectronApplication;
  let page: Page;
  let stranger: Server;
  /** Requests that reached a server which is not ours. */
  const hits: string[] = [];
  let strangerUrl: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'edm2-attack-'));
    stranger = createServer((request, response) => {
      hits.push(request.url ?? '');
      if (request.url === '/redirect') response.writeHead(302, { location: 'https://example.invalid/' });
      response.end('stranger');
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    strangerUrl = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
    app = await launchApp({ library: join(folder, 'library'), userData: join(folder, 'user') });
    page = await app.firstWindow();
    await page.waitForLoadState();
  });

  afterAll(async () => {
    await app.close();
    closeDisplay();
    stranger.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs in the page, outside of the debugger's own evaluation, to which the policy does not apply. */
  async function inPage(code: (url: string) => unknown): Promise<unknown> {
    return page.evaluate(
      ([source, url]) =>
        new Promise((resolve) => {
          // eslint-disable-next-line @typescript-eslint/no-implied-eval
          const run = new Function('url', `return (${source})(url)`) as (url: string) => unknown;
          setTimeout(() => {
            Promise.resolve(run(url)).then(resolve, (error: unknown) => resolve(`refused: ${String(error)}`));
          }, 0);
        }),
      [code.toString(), strangerUrl] as const,
    );
  }

  /**
   * Does something in the page and gives back which directives of the policy it broke.
   *
   * @param count how often it breaks one; they are told one after the other
   */
  async function violations(count: number, attack: (url: string) => void): Promise<string[]> {
    return page.evaluate(
      ([source, url, expected]) =>
        new Promise<string[]>((resolve) => {
          const broken: string[] = [];
          document.addEventListener('securitypolicyviolation', (event) => {
            broken.push(event.effectiveDirective);
            if (broken.length === expected) resolve(broken);
          });
          // eslint-disable-next-line @typescript-eslint/no-implied-eval
          const run = new Function('url', `(${source})(url)`) as (url: string) => void;
          setTimeout(run, 0, url);
        }),
      [attack.toString(), strangerUrl, count] as const,
    );
  }

  function stillOurs(): void {
    expect(app.windows()).toHaveLength(1);
    expect(new URL(page.url()).host).toBe('edm2');
    expect(hits).toEqual([]);
  }

  test('finds neither Node nor Electron', async () => {
    const types = await page.evaluate(() =>
      ['require', 'process', 'module', 'Buffer', 'electron', 'ipcRenderer', '__dirname', 'global'].map((name) => [
        name,
        typeof (window as unknown as Record<string, unknown>)[name],
      ]),
    );
    expect(types.filter(([, type]) => type !== 'undefined')).toEqual([]);
  });

  test('sits in a sandbox: the preload script runs in one', async () => {
    const probe = join(folder, 'probe.cjs');
    writeFileSync(
      probe,
      `require('electron').contextBridge.exposeInMainWorld('probe', { sandboxed: process.sandboxed, isolated: process.contextIsolated });`,
    );
    await app.evaluate(({ session }, file) => {
      if (typeof session.defaultSession.registerPreloadScript === 'function') {
        session.defaultSession.registerPreloadScript({ type: 'frame', filePath: file });
      } else {
        // eslint-disable-next-line @typescript-eslint/no-deprecated
        session.defaultSession.setPreloads([file]);
      }
    }, probe);
    await page.reload();
    const found = await page.evaluate(() => (window as unknown as { probe: unknown }).probe);
    expect(found).toEqual({ sandboxed: true, isolated: true });
  });

  test('gets three functions and nothing that sends what it likes', async () => {
    expect(await page.evaluate(() => Object.keys(window.api).sort())).toEqual([
      'beginNewIndex',
      'call',
      'onEvent',
      'pickFolder',
    ]);
  });

  test('can not call what is not for pages', async () => {
    for (const name of ['app.shutdown', 'folders.grant', '__proto__', 'edm2:call']) {
      expect(await page.evaluate((call) => window.api.call(call, {}), name)).toMatchObject({ code: 'forbidden' });
    }
  });

  test.each(['notifications', 'geolocation', 'camera', 'microphone', 'clipboard-read', 'midi'])(
    'is denied %s',
    async (name) => {
      const state = await page.evaluate(
        async (permission) => (await navigator.permissions.query({ name: permission as PermissionName })).state,
        name,
      );
      expect(state).toBe('denied');
    },
  );

  test('asks for a permission in vain', async () => {
    expect(await page.evaluate(() => Notification.requestPermission())).toBe('denied');
  });

  test('comes with the content policy in a header', async () => {
    const header = await page.evaluate(async () => (await fetch('/')).headers.get('content-security-policy'));
    expect(header).toBe(CONTENT_SECURITY_POLICY);
  });

  test('can not run a text as a program', async () => {
    const answer = await inPage(() => {
      try {
        return String(eval('1 + 1'));
      } catch (error) {
        return (error as Error).name;
      }
    });
    expect(answer).toBe('EvalError');
  });

  test('can not run an inline script, a foreign script or an inline handler', async () => {
    const broken = await violations(3, (url) => {
      const inline = document.createElement('script');
      inline.textContent = 'window.broken = true';
      const foreign = document.createElement('script');
      foreign.src = `${url}/script.js`;
      const image = document.createElement('img');
      image.setAttribute('onerror', 'window.broken = true');
      image.src = '/nothing.png';
      document.body.append(inline, foreign, image);
    });
    expect(new Set(broken)).toEqual(new Set(['script-src-elem', 'script-src-attr']));
    expect(await page.evaluate(() => (window as unknown as { broken?: boolean }).broken)).toBeUndefined();
    stillOurs();
  });

  test('can not speak to anybody else', async () => {
    const broken = await violations(5, (url) => {
      void fetch('https://example.invalid/').catch(() => undefined);
      void fetch(url).catch(() => undefined);
      void fetch('app://other/').catch(() => undefined);
      void fetch('file:///etc/passwd').catch(() => undefined);
      navigator.sendBeacon(`${url}/beacon`, 'secret');
      try {
        new WebSocket(url.replace('http', 'ws'));
      } catch {
        return; // refused at once is refused, too
      }
    });
    expect(broken.filter((directive) => directive === 'connect-src').length).toBeGreaterThanOrEqual(5);
    stillOurs();
  });

  test('can not show a frame, an object or a form of somebody else', async () => {
    const broken = await violations(4, (url) => {
      const frame = document.createElement('iframe');
      frame.src = url;
      const own = document.createElement('iframe');
      own.src = 'app://edm2/';
      const object = document.createElement('object');
      object.data = url;
      const form = document.createElement('form');
      form.action = url;
      document.body.append(frame, own, object, form);
      form.submit();
    });
    expect(new Set(broken)).toEqual(new Set(['frame-src', 'object-src', 'form-action']));
    stillOurs();
  });

  test.each<[string, (url: string) => void]>([
    ['by a link', (url) => click(url, '')],
    ['by a link to a new window', (url) => click(url, '_blank')],
    ['by location', (url) => (window.location.href = url)],
    ['by location to a redirect', (url) => window.location.assign(`${url}/redirect`)],
    ['to a file', () => (window.location.href = 'file:///etc/passwd')],
    ['to a data: page', () => (window.location.href = 'data:text/html,<script>1</script>')],
    ['to another host of our scheme', () => (window.location.href = 'app://other/')],
    ['to another page of our own', () => (window.location.href = 'app://edm2/files/samples/1.png')],
    ['by a script address', () => click('javascript:document.title="broken"', '')],
  ])('can not leave %s', async (_words, attack) => {
    await page.evaluate(
      ([source, url]) => {
        const click = (href: string, target: string): void => {
          const link = document.createElement('a');
          Object.assign(link, { href, target, textContent: 'x' });
          document.body.append(link);
          link.click();
        };
        // eslint-disable-next-line @typescript-eslint/no-implied-eval
        const run = new Function('click', 'url', `(${source})(url)`) as (click: unknown, url: string) => void;
        setTimeout(run, 0, click, url);
      },
      [attack.toString(), strangerUrl] as const,
    );
    await page.waitForTimeout(300); // only time can tell that nothing happens
    stillOurs();
    expect(page.url().split('#')[0]).toBe('app://edm2/');
    expect(await page.title()).not.toBe('broken');
  });

  test('can not open a window', async () => {
    const opened = await page.evaluate(
      (url) =>
        [url, 'app://edm2/', 'about:blank', 'file:///etc/passwd'].map((address) => window.open(address) === null),
      strangerUrl,
    );
    expect(opened).toEqual([true, true, true, true]);
    stillOurs();
  });

  test('would not reach the network even if main loaded a foreign address', async () => {
    const outcome = await app.evaluate(async ({ BrowserWindow }, url) => {
      const hidden = new BrowserWindow({ show: false });
      const said = await hidden.loadURL(url).then(
        () => 'loaded',
        (error: unknown) => (error as Error).message,
      );
      hidden.destroy();
      return said;
    }, strangerUrl);
    expect(outcome).toMatch(/ERR_BLOCKED_BY_CLIENT/);
    expect(hits).toEqual([]);
  });

  test.each([
    '/../package.json',
    '/%2e%2e/%2e%2e/package.json',
    '/..%2f..%2fpackage.json',
    '//etc/passwd',
    '/%2fetc%2fpasswd',
    '/files/samples/..%2f..%2f..%2flibrary.sqlite',
    '/files/../library.sqlite',
    '/rpc',
    '/.git/config',
  ])('gets no file outside of the page: %s', async (path) => {
    const status = await page.evaluate(async (url) => (await fetch(url)).status, `app://edm2${path}`);
    expect(status).toBe(404);
  });

  test('only reads: what is not GET is refused', async () => {
    const statuses = await page.evaluate(() =>
      Promise.all(['POST', 'PUT', 'DELETE'].map(async (method) => (await fetch('/', { method })).status)),
    );
    expect(statuses).toEqual([405, 405, 405]);
  });

  test('gets data from events, never the event', async () => {
    const received = await page.evaluate(
      () =>
        new Promise<string[]>((resolve) => {
          const stop = window.api.onEvent((...args) => {
            stop();
            resolve(args.map((value) => typeof value));
          });
        }),
    );
    expect(received).toEqual(['string', 'object']);
  });

  test('can save a picture it made, where the user says', async () => {
    const target = join(folder, 'saved.txt');
    await app.evaluate(({ session }, file) => {
      session.defaultSession.on('will-download', (_event, item) => item.setSavePath(file));
    }, target);
    await page.evaluate(() => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob(['a picture']));
      link.download = 'picture.png';
      link.click();
    });
    await expect.poll(() => readIfThere(target), { timeout: 10_000 }).toBe('a picture');
  });

  test('a second start of the app shows the window that is there and ends', async () => {
    const electron = await findElectron();
    const second = spawn(electron.executable, [...appArguments({ userData: join(folder, 'user') }), root], {
      env: { ...cleanEnvironment(), DISPLAY: displayName(), EDM2_LIBRARY: join(folder, 'library') },
      stdio: 'ignore',
    });
    const code = await new Promise((resolve) => second.on('exit', resolve));
    expect(code).toBe(0);
    stillOurs();
  });
});

/** Stands for the function of that name which the test lays into the page. */
declare function click(href: string, target: string): void;

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
