import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deleteMachine, listMachines, putMachine, tokenOf } from '../../../native-worker/store/machines.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'edm2-tokens-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('workers are kept with their tokens, in a file that nobody else may read', () => {
  expect(listMachines(folder)).toEqual([]);
  putMachine(folder, 'b:7900', 'one');
  putMachine(folder, 'a:7900', 'two');
  putMachine(folder, 'b:7900', 'three');
  expect(listMachines(folder)).toEqual(['a:7900', 'b:7900']);
  expect(tokenOf(folder, 'b:7900')).toBe('three');
  if (process.platform !== 'win32') expect(statSync(join(folder, 'machines.json')).mode & 0o777).toBe(0o600);
  deleteMachine(folder, 'b:7900');
  expect(() => tokenOf(folder, 'b:7900')).toThrow(/No token is known for the worker at b:7900/);
  deleteMachine(folder, 'b:7900');
  expect(listMachines(folder)).toEqual(['a:7900']);
});

test('a file that can’t be read is said by name, and not written over', () => {
  writeFileSync(join(folder, 'machines.json'), '{"workers": {');
  expect(() => listMachines(folder)).toThrow(/machines.json, .*can't be read. Delete it and add the machines again/);
  expect(() => putMachine(folder, 'a:7900', 'x')).toThrow(/can't be read/);
});
