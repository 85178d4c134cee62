import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '../../../contract/errors.ts';
import { Output, type Terminal } from '../../../native-worker/cli/output.ts';
import { table, threeDigits } from '../../../native-worker/cli/words.ts';

beforeEach(() => vi.stubEnv('TERM', 'xterm'));
afterEach(() => vi.unstubAllEnvs());

function sink(isTTY: boolean): { stream: Terminal; text: () => string } {
  let text = '';
  const stream: Terminal = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  stream.isTTY = isTTY;
  stream.columns = 60;
  return { stream, text: () => text };
}

test('with --json there is one object a line on the output, and nothing else', () => {
  const out = sink(true);
  const errors = sink(false);
  const output = new Output(true, out.stream, errors.stream);
  output.say('hello');
  output.progress(0.5, 'half');
  output.event('run', { runId: 1 });
  output.error(new AppError('conflict', 'It runs already.'));
  expect(
    out
      .text()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    { type: 'run', runId: 1 },
    { type: 'error', code: 'conflict', message: 'It runs already.' },
  ]);
  expect(errors.text()).toBe('');
});

test('without --json the sentences go to the output and failures to the error output', () => {
  const out = sink(false);
  const errors = sink(false);
  const output = new Output(false, out.stream, errors.stream);
  output.event('run', {});
  output.say('hello');
  output.error(new AppError('conflict', 'It runs already.'));
  expect([out.text(), errors.text()]).toEqual(['hello\n', 'It runs already.\n']);
});

test('a terminal that knows no escape sequences gets plain lines', () => {
  vi.stubEnv('TERM', 'dumb');
  const out = sink(true);
  const output = new Output(false, out.stream, out.stream);
  output.progress(0.5, 'half');
  output.say('done');
  expect(out.text()).toBe('50 %  half\ndone\n');
});

test('a terminal gets a bar that is redrawn in place, never wraps, and gives way to sentences', () => {
  const out = sink(true);
  const output = new Output(false, out.stream, out.stream);
  output.progress(0.25, 'x'.repeat(100));
  output.progress(Number.NaN, 'unknown');
  output.say('done');
  expect(out.text()).not.toContain('x\n');
  const lines = out.text().split('\r\x1b[2K');
  for (const line of lines.slice(1, 3)) expect(line.length).toBeLessThan(60);
  expect(lines[1]).toContain('█████░░░░░░░░░░░░░░░');
  expect(lines.at(-1)).toBe('done\n');
});

test('a file gets a plain line of progress every few seconds, not each one', () => {
  const out = sink(false);
  const output = new Output(false, out.stream, out.stream);
  for (let step = 0; step < 100; step += 1) output.progress(step / 100, 'work');
  expect(out.text()).toBe('0 %  work\n');
});

test.each([
  [threeDigits(61.44), '61.4'],
  [threeDigits(0.012345), '0.0123'],
  [threeDigits(0), '0'],
  [threeDigits(Number.NaN), '–'],
  [threeDigits(-3.14159), '-3.14'],
])('numbers are read as people write them: %s', (found, expected) => {
  expect(found).toBe(expected);
});

test('a table pads its columns, numbers to the right', () => {
  expect(
    table(
      ['id', 'name'],
      [
        ['1', 'a'],
        ['10', 'long'],
      ],
      [0],
    ),
  ).toBe('id  name\n 1  a\n10  long');
});
