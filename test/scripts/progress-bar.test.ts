import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { progressBar } from '../../scripts/lib/progress-bar.mjs';

beforeEach(() => vi.stubEnv('TERM', 'xterm'));
afterEach(() => vi.unstubAllEnvs());

function stream(isTTY: boolean) {
  const lines: string[] = [];
  return { isTTY, lines, write: (text: string) => lines.push(text) };
}

test('in a log each text comes once, with the quarters of the way', () => {
  const log = stream(false);
  const bar = progressBar(log);
  for (const done of [0, 10, 30, 60, 80, 100]) bar.draw({ text: 'Downloading', done, total: 100 });
  bar.draw({ text: 'Compiling', done: 0, total: 0 });
  bar.end();
  expect(log.lines).toEqual(['  Downloading\n', '    30 %\n', '    60 %\n', '    80 %\n', '  Compiling\n']);
});

test('on a terminal one line is drawn anew, and gone at the end', () => {
  const terminal = stream(true);
  const bar = progressBar(terminal);
  bar.draw({ text: 'Downloading', done: 50, total: 100 });
  bar.draw({ text: 'Downloading', done: 51, total: 100 });
  expect(terminal.lines).toHaveLength(1); // the second came at once: not worth a redraw
  expect(terminal.lines[0]).toMatch(/^\r\x1b\[K {2}█{12}░{12} {2}50 % {2}Downloading$/);
  bar.end();
  expect(terminal.lines.at(-1)).toBe('\r\x1b[K');
});

test('a terminal that knows no escape sequences gets plain lines', () => {
  vi.stubEnv('TERM', 'dumb');
  const terminal = stream(true);
  const bar = progressBar(terminal);
  bar.draw({ text: 'Downloading', done: 50, total: 100 });
  bar.end();
  expect(terminal.lines).toEqual(['  Downloading\n']);
});
