import { expect, test } from 'vitest';
import { isAppFrame, isAppUrl, mayRequest } from '../../main/origin.ts';

test.each([
  ['app://edm2/', true],
  ['app://edm2/index.html#/runs', true],
  ['app://edm2.example/', false],
  ['app://edm2@example/', false],
  ['app://example/edm2', false],
  ['https://edm2/', false],
  ['file:///app://edm2/', false],
  ['about:blank', false],
  ['', false],
])('%s is ours: %s', (url, ours) => {
  expect(isAppUrl(url)).toBe(ours);
});

test.each([
  ['app://edm2/x.png', true],
  ['data:image/png;base64,AA==', true],
  ['blob:app://edm2/1', true],
  ['https://example.com/', false],
  ['http://127.0.0.1/', false],
  ['ws://127.0.0.1/rpc', false],
  ['file:///etc/passwd', false],
  ['ftp://example.com/', false],
])('a request to %s may be made: %s', (url, may) => {
  expect(mayRequest(url)).toBe(may);
});

test('only the top frame of our page may send: not a frame inside it, not another host, not one that is gone', () => {
  expect(isAppFrame({ url: 'app://edm2/', parent: null })).toBe(true);
  expect(isAppFrame({ url: 'app://edm2/', parent: {} })).toBe(false);
  expect(isAppFrame({ url: 'https://example.com/', parent: null })).toBe(false);
  expect(isAppFrame({ url: 'app://other/', parent: null })).toBe(false);
  expect(isAppFrame({ url: '', parent: null })).toBe(false);
  expect(isAppFrame(null)).toBe(false);
});
