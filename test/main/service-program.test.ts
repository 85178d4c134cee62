import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findServiceProgram } from '../../main/service-program.ts';
import { root } from '../support/root.ts';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'edm2-program-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a checkout runs the source under its own Node', () => {
  const program = findServiceProgram({ appPath: root, resourcesPath: null });
  expect(program.entry).toBe(join(root, 'native-worker/service/main.ts'));
  expect(program.node).toMatch(/node_modules.node-.*node(\.exe)?$/);
});

test('a packed app runs what lies beside its archive', () => {
  for (const file of ['worker/node/node', 'worker/node/node.exe', 'worker/native-worker/service/main.js']) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
  const program = findServiceProgram({ appPath: join(folder, 'app.asar'), resourcesPath: folder });
  expect(program.entry).toBe(join(folder, 'worker/native-worker/service/main.js'));
});

test('a missing file is named, with what to do about it', () => {
  expect(() => findServiceProgram({ appPath: folder, resourcesPath: null })).toThrow(/is missing.*npm run setup/);
  expect(() => findServiceProgram({ appPath: '', resourcesPath: join(folder, 'none') })).toThrow(
    /Install EDM2 Studio again/,
  );
});
