import { expect, test } from 'vitest';
import { endingSentence } from '../../../native-worker/cli/ending.ts';

test('a run that trains writes its state before it ends', () => {
  const run = { id: 2, state: 'running', nimg: 512 } as const;
  expect(endingSentence(run, 'stop')).toBe(
    'Run 2 writes a checkpoint and a last snapshot and ends; `edm2 runs resume 2` would go on.',
  );
  expect(endingSentence(run, 'pause')).toBe('Run 2 writes a checkpoint and pauses.');
});

test('a run that waits in the queue writes nothing', () => {
  expect(endingSentence({ id: 2, state: 'queued', nimg: 0 }, 'stop')).toBe('Run 2 leaves the queue; it had not begun.');
  expect(endingSentence({ id: 2, state: 'queued', nimg: 512 }, 'pause')).toBe(
    'Run 2 leaves the queue; it stays at 512 images.',
  );
});

test('a paused run that is stopped writes nothing', () => {
  expect(endingSentence({ id: 2, state: 'paused', nimg: 512 }, 'stop')).toBe('Run 2 ends; it stays at 512 images.');
});
