import { expect, test } from 'vitest';
import { commandWord } from '../../scripts/lib/command-word.mjs';

test.each([
  [['doctor'], 'doctor'],
  [['--json', 'doctor'], 'doctor'],
  [['--library', 'serve', 'doctor'], 'doctor'],
  [['--library=doctor', '--json', 'serve', '--port', '1'], 'serve'],
  [['train', '--dataset', 'doctor'], 'train'],
])('of %j the command is %s', (args, command) => {
  expect(commandWord(args)).toBe(command);
});

test.each([[[]], [['--version']], [['--library', 'doctor']], [['--library']]])('%j names no command', (args) => {
  expect(commandWord(args)).toBeUndefined();
});
