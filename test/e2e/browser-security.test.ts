import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONTENT_SECURITY_POLICY } from '../../contract/security.ts';
import { launchChromium, lacksForBrowser } from '../support/needs.ts';
import { startServing, type TestService } from '../support/service.ts';

const lacking = lacksForBrowser();
/** A name of the attacker's that leads to this machine, as DNS rebinding makes it. */
const REBOUND = 'rebound.example';

describe.skipIf(lacking !== null)("browser mode, attacked from the user's own browser", () => {
  let library: string;
  let service: TestService;
  let browser: Browser;
  /** The browser in which the user has a session. */
  let context: BrowserContext;
  let page: Page;
  let stranger: Server;
  let strangerPort: number;
  /** The service's address without the token. */
  let origin: string;

  beforeAll(async () => {
    library = mkdtempSync(join(tmpdir(), 'edm2-browser-'));
    service = await startServing(library);
    origin = new URL(service.url!).origin;
    browser = await launchChromium([`--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`]);
    context = await browser.newContext();
    page = await context.newPage();
    await page.goto(service.url!);
    stranger = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>stranger</title>');
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    strangerPort = (stranger.address() as AddressInfo).port;
  });

  afterAll(async () => {
    await browser.close();
    await service.stop();
    stranger.close();
    rmSync(library, { recursive: true, force: true, maxRetries: 5 });
  });

  test('the address with the token opens the app, and the token leaves the address bar', async () => {
    expect(page.url()).toBe(`${origin}/`);
    await expect.poll(() => page.getByRole('heading').count()).toBeGreaterThan(0);
  });

  test('the token opens one session: whoever finds the address later stays outside', async () => {
    const other = await browser.newContext();
    const late = await other.newPage();
    expect((await late.goto(service.url!))?.status()).toBe(401);
    expect((await late.goto(`${origin}/`))?.status()).toBe(401);
    expect((await late.goto(`${origin}/index.html`))?.status()).toBe(401);
    expect((await late.goto(`${origin}/?token=guessed`))?.status()).toBe(401);
    await other.close();
  });

  // The second one is the same site in the browser's eyes, so it sends the session's cookie along.
  test.each(['localhost', '127.0.0.1'])(
    'a page of another port of %s gets nothing, though the user has a session',
    async (host) => {
      const foreign = await context.newPage();
      await foreign.goto(`http://${host}:${strangerPort}/`);
      const got = await foreign.evaluate(async (target) => {
        const socket = new Promise<string>((resolve) => {
          const attempt = new WebSocket(`${target.replace('http', 'ws')}/rpc`);
          attempt.onmessage = (event) => resolve(`message: ${String(event.data)}`);
          attempt.onclose = () => resolve('closed');
        });
        const picture = new Promise<string>((resolve) => {
          const image = new Image();
          image.onload = () => resolve('loaded');
          image.onerror = () => resolve('refused');
          image.src = `${target}/files/datasets/1/mosaic.png`;
        });
        const read = (options: RequestInit): Promise<string> =>
          fetch(`${target}/`, options).then(
            (response) => response.text().then((text) => `${response.type}: ${text}`),
            () => 'refused',
          );
        const frame = document.createElement('iframe');
        frame.src = target;
        document.body.append(frame);
        await new Promise((resolve) => (frame.onload = resolve));
        return {
          socket: await socket,
          picture: await picture,
          withCookies: await read({ credentials: 'include' }),
          script: await new Promise<string>((resolve) => {
            const script = document.createElement('script');
            script.onload = () => resolve('loaded');
            script.onerror = () => resolve('refused');
            script.src = `${target}/index.html`;
            document.head.append(script);
          }),
        };
      }, origin);
      expect(got).toEqual({ socket: 'closed', picture: 'refused', withCookies: 'refused', script: 'refused' });
      const framed = foreign.frames().find((frame) => frame !== foreign.mainFrame());
      expect(await framed?.getByRole('heading', { name: 'Runs' }).count()).toBe(0);
      await foreign.close();
    },
  );

  test('a name that was re-pointed to this machine is not answered', async () => {
    const rebound = await context.newPage();
    const address = service.url!.replace('127.0.0.1', REBOUND);
    expect((await rebound.goto(address))?.status()).toBe(403);
    await rebound.close();
  });

  test('calls that take a path or end the service are not for a browser', async () => {
    const replies = await page.evaluate(
      (url) =>
        new Promise<unknown[]>((resolve) => {
          const socket = new WebSocket(url);
          const got: unknown[] = [];
          socket.onopen = () => {
            socket.send(JSON.stringify({ id: 1, call: 'folders.grant', input: { path: '/etc' } }));
            socket.send(JSON.stringify({ id: 2, call: 'app.shutdown', input: {} }));
          };
          socket.onmessage = (event) => {
            const message = JSON.parse(String(event.data)) as { kind: string; reply: unknown };
            if (message.kind === 'reply') got.push(message.reply);
            if (got.length === 2) resolve(got);
          };
        }),
      `${origin.replace('http', 'ws')}/rpc`,
    );
    expect(replies).toEqual([
      expect.objectContaining({ ok: false, code: 'forbidden' }),
      expect.objectContaining({ ok: false, code: 'forbidden' }),
    ]);
  });

  test('the page comes with the content policy, and an inline script does not run', async () => {
    const header = await page.evaluate(async () => (await fetch('/')).headers.get('content-security-policy'));
    expect(header).toBe(CONTENT_SECURITY_POLICY);
    const broken = await page.evaluate(
      () =>
        new Promise<string>((resolve) => {
          document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
          setTimeout(() => {
            const script = document.createElement('script');
            script.textContent = 'window.broken = true';
            document.body.append(script);
          }, 0);
        }),
    );
    expect(broken).toBe('script-src-elem');
    expect(await page.evaluate(() => 'broken' in window)).toBe(false);
  });

  test.each([
    '/../package.json',
    '/%2e%2e/package.json',
    '/..%2fpackage.json',
    '/assets/..%2f..%2f..%2fpackage.json',
    '/files/..%2flibrary.sqlite',
  ])('no file outside of the page is served: %s', async (path) => {
    const response = await context.request.get(`${origin}${path}`, { maxRedirects: 0 });
    expect([403, 404]).toContain(response.status());
    expect(await response.text()).not.toContain('edm2-studio');
  });
});
