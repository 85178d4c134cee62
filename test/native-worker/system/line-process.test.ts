import { expect, test } from 'vitest';
import { LineProcess } from '../../../native-worker/system/line-process.ts';

const node = (script: string): LineProcess => new LineProcess(process.execPath, ['-e', script], process.env);

test('answers come in the order of the questions, and it leaves when it is let go', async () => {
  const child = node(
    `require('readline').createInterface({input: process.stdin}).on('line', (line) => console.log('seen ' + line))`,
  );
  child.write('one');
  child.write('two');
  expect(await child.read()).toBe('seen one');
  expect(await child.read()).toBe('seen two');
  await child.close();
  await expect(child.read()).rejects.toThrow('it ended (0)');
});

test('a process that dies fails the question that waits, and its last words are kept', async () => {
  const child = node(`console.error('no such thing'); process.exit(3)`);
  await expect(child.read()).rejects.toThrow('it ended (3)');
  expect(child.errors).toBe('no such thing');
});

test('a program that is not there fails the first question', async () => {
  const child = new LineProcess('/no/such/program', [], process.env);
  await expect(child.read()).rejects.toThrow('ENOENT');
});
