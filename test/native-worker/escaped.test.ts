import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shutdown } from '../../contract/app.ts';
import { connectToService } from '../../native-worker/service/connect.ts';
import { prepareEscape } from '../support/escape.ts';
import { root } from '../support/root.ts';
import { ServiceProcesses } from '../support/service-process.ts';

/** Errors that nobody caught, in the programs as they are. Those that load TensorFlow: `escaped.tensor.test.ts`. */

let folder: string;
let library: string;
const processes = new ServiceProcesses();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-escaped-'));
  library = join(folder, 'library');
});
afterEach(async () => {
  await processes.end();
  rmSync(folder, { recursive: true, force: true });
});

test.each(['throw', 'reject'] as const)(
  'an error that nobody caught (%s) ends the service with its reason, and the next one serves the library',
  async (how) => {
    const escape = prepareEscape(folder, 'service/main.ts');
    const first = processes.start(library, [], undefined, escape.variables);
    expect(await first.line).toMatchObject({ ready: true });
    escape.happen(how);
    expect(await first.exit).toBe(1);
    const reason = "EDM2 Studio's service ended because of an error that nobody caught: nobody expected this";
    expect(first.stderr().trim().split('\n').at(-1)).toBe(reason);
    const log = readFileSync(join(library, 'logs/service.log'), 'utf8').trim().split('\n');
    expect(JSON.parse(log.at(-1)!)).toMatchObject({
      level: 60, // pino's "fatal"
      msg: 'an error that nobody caught ends the service',
      err: { message: 'nobody expected this' },
    });
    expect(await processes.start(library).line).toMatchObject({ ready: true });
  },
);

test('an error that nobody caught is a sentence of the command line, without a stack trace', async () => {
  const escape = prepareEscape(folder, 'cli/main.ts');
  const args = ['native-worker/cli/main.ts', 'serve', '--library', library];
  const command = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...escape.variables } });
  let stderr = '';
  command.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exit = new Promise((resolve) => command.once('close', resolve));
  command.stdout.once('data', () => escape.happen('throw'));
  expect(await exit).toBe(1);
  expect(stderr).toBe('edm2 failed unexpectedly: nobody expected this. This is a bug; EDM2_DEBUG=1 shows where.\n');
  const client = await connectToService(library);
  await client.call(shutdown, {});
  await client.closed;
});
