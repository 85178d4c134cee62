import { commonSupport, listPrecisions } from '../../../contract/precision.ts';
import { listRuntimes, runDoctor, useRuntime, type Check } from '../../../contract/runtime.ts';
import { runDoctorReport } from '../../engine/runtime/doctor.ts';
import { readProcessor } from '../../engine/runtime/processor.ts';
import { listDatasets } from '../../store/datasets.ts';
import { listJobs } from '../../store/jobs.ts';
import type { Library } from '../../store/library.ts';
import { listReconstructions } from '../../store/reconstructions.ts';
import { unreadableRows } from '../../store/rows.ts';
import { listRuns } from '../../store/runs.ts';
import { listSamples } from '../../store/samples.ts';
import { readSettings } from '../../store/settings.ts';
import { handler, type Handler } from '../handle.ts';
import { otherPrecisions } from '../machines.ts';
import type { ServiceParts } from './context.ts';

/** More rows than a table has. */
const ALL = 1_000_000;

/** TensorFlow runtimes, and whether they work. */
export function runtimeHandlers({ library, runtimes }: ServiceParts): Handler[] {
  return [
    handler(listRuntimes, async () => ({
      runtimes: await runtimes.list(),
      processor: readProcessor(),
      gpus: (await runtimes.gpus()).gpus,
    })),
    handler(listPrecisions, async ({ devices }) => {
      const own = await runtimes.precisions(devices);
      return commonSupport([...own, ...(await otherPrecisions(library.folder, devices))]);
    }),
    handler(useRuntime, async ({ name }) => {
      await runtimes.use(name);
      return {};
    }),
    handler(runDoctor, async () => {
      const { threads, gpu } = readSettings(library.db);
      const report = await runDoctorReport({ runtime: () => runtimes.active(), threads, gpu });
      return { ...report, checks: [...report.checks, ...indexChecks(library)] };
    }),
  ];
}

/** Rows of the index that lists leave out, because they can't be read. */
function indexChecks({ db }: Library): Check[] {
  for (const trashed of [false, true]) listRuns(db, { trashed });
  listDatasets(db);
  listJobs(db, ALL);
  listSamples(db, { runId: null, origin: null, limit: ALL });
  listReconstructions(db, null);
  return unreadableRows(db).map((problem, index) => ({
    id: `row-${index}`,
    status: 'warn',
    title: 'Library',
    detail: problem,
    advice: null,
  }));
}
