import { expect, test } from 'vitest';
import { windowOptions } from '../../main/window-options.ts';

const options = windowOptions('/preload.cjs', { width: 1000, height: 700 }, false);

test("a window gives its page no Node, a context of its own, the sandbox and the web's rules", () => {
  expect(options.webPreferences).toMatchObject({
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    contextIsolation: true,
    sandbox: true,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    webviewTag: false,
    preload: '/preload.cjs',
  });
  expect(options.webPreferences).not.toHaveProperty('enableBlinkFeatures');
});

test('a packed app has no developer tools, a checkout has', () => {
  expect(options.webPreferences?.devTools).toBe(false);
  expect(windowOptions('/p', { width: 1000, height: 700 }, true).webPreferences?.devTools).toBe(true);
});
