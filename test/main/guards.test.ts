import { EventEmitter } from 'node:events';
import type { Session, WebContents } from 'electron';
import { expect, test, vi } from 'vitest';
import { guardContents, guardSession } from '../../main/guards.ts';

vi.mock('electron', () => ({ shell: { openExternal: vi.fn(() => Promise.resolve()) } }));

type Answer = (given: unknown) => void;

class FakeSession extends EventEmitter {
  permissionRequest!: (contents: unknown, permission: string, answer: Answer) => void;
  permissionCheck!: () => boolean;
  devicePermission!: () => boolean;
  beforeRequest!: (details: { url: string }, answer: Answer) => void;
  readonly webRequest = { onBeforeRequest: (handler: FakeSession['beforeRequest']) => (this.beforeRequest = handler) };
  setPermissionRequestHandler = (handler: FakeSession['permissionRequest']): void =>
    void (this.permissionRequest = handler);
  setPermissionCheckHandler = (handler: FakeSession['permissionCheck']): void => void (this.permissionCheck = handler);
  setDevicePermissionHandler = (handler: FakeSession['devicePermission']): void =>
    void (this.devicePermission = handler);
}

function guarded(): FakeSession {
  const session = new FakeSession();
  guardSession(session as unknown as Session);
  return session;
}

test.each(['notifications', 'media', 'geolocation', 'clipboard-read', 'openExternal', 'something new'])(
  'the permission %s is denied, asked for or checked',
  (permission) => {
    const session = guarded();
    const answer = vi.fn();
    session.permissionRequest(null, permission, answer);
    expect(answer).toHaveBeenCalledExactlyOnceWith(false);
    expect(session.permissionCheck()).toBe(false);
    expect(session.devicePermission()).toBe(false);
  },
);

test.each([
  ['app://edm2/index.html', false],
  ['https://example.invalid/', true],
  ['http://127.0.0.1:8080/', true],
  ['ws://localhost/', true],
  ['file:///etc/passwd', true],
])('a request to %s is cancelled: %s', (url, cancel) => {
  const answer = vi.fn();
  guarded().beforeRequest({ url }, answer);
  expect(answer).toHaveBeenCalledExactlyOnceWith({ cancel });
});

test.each([
  ['app://edm2/files/samples/1.png', true],
  ['blob:app://edm2/9b2c', true],
  ['https://example.com/a.exe', false],
  ['data:text/html,x', false],
])('a download of %s is offered for saving: %s', (url, offered) => {
  const event = { preventDefault: vi.fn() };
  const item = { getURL: () => url, getFilename: () => 'a.png', setSaveDialogOptions: vi.fn() };
  guarded().emit('will-download', event, item);
  expect(item.setSaveDialogOptions).toHaveBeenCalledTimes(offered ? 1 : 0);
  expect(event.preventDefault).toHaveBeenCalledTimes(offered ? 0 : 1);
});

test.each(['will-navigate', 'will-redirect', 'will-frame-navigate', 'will-attach-webview'])('%s is stopped', (name) => {
  const contents = new EventEmitter();
  guardContents(Object.assign(contents, { setWindowOpenHandler: vi.fn() }) as unknown as WebContents);
  const preventDefault = vi.fn();
  contents.emit(name, { preventDefault, url: 'app://edm2/' });
  expect(preventDefault).toHaveBeenCalledOnce();
});

test('a new window is denied, wherever it would lead', () => {
  const setWindowOpenHandler = vi.fn();
  guardContents(Object.assign(new EventEmitter(), { setWindowOpenHandler }) as unknown as WebContents);
  const handler = setWindowOpenHandler.mock.calls[0]?.[0] as (details: { url: string }) => unknown;
  for (const url of ['app://edm2/', 'https://arxiv.org/', 'https://example.com/', 'about:blank']) {
    expect(handler({ url })).toEqual({ action: 'deny' });
  }
});
