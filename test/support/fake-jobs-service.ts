/**
 * A service whose jobs are fake ones (test/support/fake-job.ts), as a process of its own that can be killed:
 * `node fake-jobs-service.ts --library DIR [--serve] [--go-on]`. It prints a line of JSON when it can be spoken to.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BrowserDoor } from '../../contract/app.ts';
import { startService } from '../../native-worker/service/service.ts';
import { fakeEnvironment, fakeJob, makePages } from './service-library.ts';

const { values } = parseArgs({
  options: {
    library: { type: 'string' },
    serve: { type: 'boolean', default: false },
    'go-on': { type: 'boolean', default: false },
    'exit-when-idle': { type: 'boolean', default: false },
  },
});
// Not in the library, which is to hold nothing of others.
const aside = mkdtempSync(join(tmpdir(), 'edm2-pages-'));
process.on('exit', () => rmSync(aside, { recursive: true, force: true }));
const service = (await startService({
  library: values.library!,
  idleMs: values['exit-when-idle'] ? 10_000 : null,
  goOn: values['go-on'],
  jobScript: fakeJob,
  environment: fakeEnvironment,
  pages: makePages(aside),
  patienceMs: 5000,
}))!;
const url = values.serve ? await service.openWeb(BrowserDoor.parse({ port: 0 })) : null;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void service.stop());
process.stdout.write(`${JSON.stringify({ ready: true, socket: service.socket, pid: process.pid, url })}\n`);
await service.ended;
process.exit(0);
