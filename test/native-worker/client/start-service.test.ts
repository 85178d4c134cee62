import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startService } from '../../../native-worker/client/start-service.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'edm2-start-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a service that is this script. */
function start(script: string): Promise<{ socket: string; pid: number }> {
  const entry = join(folder, 'service.mjs');
  writeFileSync(entry, script);
  return startService({
    node: process.execPath,
    entry,
    args: ['--library', folder],
    errorLog: join(folder, 'errors.log'),
  });
}

const ready = (socket: string): string =>
  `console.log(JSON.stringify({ready:true,socket:${socket},pid:process.pid,url:null}));`;

test('a service says where it listens, after whatever else is printed first', async () => {
  const { socket } = await start(`console.log('a warning of some library'); ${ready("'/somewhere'")}`);
  expect(socket).toBe('/somewhere');
});

test('it is told its arguments, and to end when it has nothing to do', async () => {
  expect((await start(ready('process.argv.slice(2).join(" ")'))).socket).toBe(`--exit-when-idle --library ${folder}`);
});

test('what a service says of its failure keeps its code', async () => {
  const line = JSON.stringify({ ready: false, code: 'newer-library', message: 'Update EDM2 Studio.' });
  await expect(start(`console.log(${JSON.stringify(line)}); process.exitCode = 1;`)).rejects.toMatchObject({
    code: 'newer-library',
    message: 'Update EDM2 Studio.',
  });
});

test('a service that ends without a line is told by its last words, or by where to look', async () => {
  await expect(
    start(`console.error('one'); console.error('The disk is full.'); process.exit(1);`),
  ).rejects.toMatchObject({ code: 'unavailable', message: "EDM2 Studio's service did not start. The disk is full." });
  await expect(start('process.exit(1)')).rejects.toMatchObject({
    code: 'unavailable',
    message: `EDM2 Studio's service did not start. ${join(folder, 'errors.log')} may say why.`,
  });
});
