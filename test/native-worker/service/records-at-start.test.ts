import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunRecord } from '../../../contract/records.ts';
import { listRuns } from '../../../contract/runs.ts';
import { openClient } from '../../../native-worker/client/service-client.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { datasetRecordPath, runRecordPath } from '../../../native-worker/store/paths.ts';
import { editRun } from '../../../native-worker/store/runs.ts';
import { filesBelow } from '../../../native-worker/store/set-aside.ts';
import { until } from '../../support/service-library.ts';
import { fakeJobsService, killed, ServiceProcesses } from '../../support/service-process.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

/** Records of a library of many runs, looked through while the service answers already. */

const RUNS = 150;

let folder: string;
let datasetId: number;
let ids: number[];
let remove: () => void;
const processes = new ServiceProcesses();

beforeEach(async () => {
  const made = await makeLibrary();
  ({ datasetId, remove } = made);
  ({ folder } = made.library);
  ids = Array.from({ length: RUNS }, () => makeRun(made.library, datasetId, tinyConfig()));
  made.library.db.exec(`UPDATE runs SET state = 'finished'`);
  made.library.close();
});
afterEach(async () => {
  await processes.end();
  remove();
});

const recorded = (): number[] => ids.filter((id) => existsSync(join(folder, runRecordPath(id))));

test('the service lists the runs before it looks through their records, and a kill in the midst loses none', async () => {
  const first = processes.start(folder, [], fakeJobsService);
  const client = await openClient(String((await first.line).socket));
  expect(await client.call(listRuns, {})).toHaveLength(RUNS);
  expect(recorded()).toEqual([]);
  await until(() => recorded().length > 5);
  await killed(first.child);
  client.close();
  expect(recorded().length).toBeLessThan(RUNS);

  const library = openLibrary(folder);
  editRun(library.db, ids[0]!, { notes: 'written while nobody kept records' });
  library.close();
  await processes.start(folder, [], fakeJobsService).line;
  await until(() => existsSync(join(folder, datasetRecordPath(datasetId))));
  expect(recorded()).toEqual(ids);
  const record = RunRecord.parse(JSON.parse(readFileSync(join(folder, runRecordPath(ids[0]!)), 'utf8')));
  expect(record.notes).toBe('written while nobody kept records');
  const strangers = filesBelow(folder, 'files').filter(({ file }) => file.includes('.tmp'));
  expect(strangers).toEqual([]);
  expect(existsSync(join(folder, 'set-aside'))).toBe(false);
});

test('a service that ends when nothing is to be done keeps all records first', async () => {
  const service = processes.start(folder, ['--exit-when-idle'], fakeJobsService);
  await service.line;
  expect(recorded()).toEqual([]);
  await until(() => recorded().length === RUNS);
});
