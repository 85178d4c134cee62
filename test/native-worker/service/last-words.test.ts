import { expect, test } from 'vitest';
import { LastWords } from '../../../native-worker/service/last-words.ts';

function wordsOf(text: string, size = text.length): string[] {
  const words = new LastWords();
  for (let at = 0; at < text.length; at += size) words.add(text.slice(at, at + size));
  return words.lines();
}

const frames = Array.from({ length: 80 }, (_, index) => `    @     0x7fdbed4ce5${index}  tsl::PThread::PThread()`);
const reason =
  'F0000 00:00:1795847122.549617    7633 env.cc:84] Check failed: ret == 0 (11 vs. 0) Thread tf_numa failed.';

test.each([1, 7, 4096])('the line that says why survives a long stack trace (in pieces of %i)', (size) => {
  const lines = wordsOf(['warming up', reason, '*** Check failure stack trace: ***', ...frames, ''].join('\n'), size);
  expect(lines).toEqual(['warming up', reason, '*** Check failure stack trace: ***']);
});

test('the line that says why survives many lines that do not', () => {
  const chatter = Array.from({ length: 200 }, (_, index) => `line ${index}`);
  const lines = wordsOf([reason, ...chatter].join('\n'));
  expect(lines[0]).toBe(reason);
  expect(lines.slice(1)).toEqual(chatter.slice(-12));
});

test('frames of JavaScript’s and V8’s stacks are left out, too', () => {
  const lines = wordsOf(
    'TypeError: x is not a function\n    at main (file:///a.ts:3:4)\n 1: 0x8d7f7a node::Abort() [node]\n#0 0x55 in main\n',
  );
  expect(lines).toEqual(['TypeError: x is not a function']);
});

test('a long line is cut between characters', () => {
  expect(wordsOf(`a${'😀'.repeat(300)}\n`)).toEqual([`a${'😀'.repeat(199)}`]);
});

test('however much is printed, little is kept', () => {
  const words = new LastWords();
  for (let i = 0; i < 1000; i++) words.add('x'.repeat(100_000));
  for (let i = 0; i < 1000; i++) words.add(`\nFATAL ERROR: ${'y'.repeat(10_000)}`);
  const lines = words.lines();
  expect(lines.length).toBeLessThanOrEqual(16);
  expect(lines.every((line) => line.length <= 400)).toBe(true);
});
