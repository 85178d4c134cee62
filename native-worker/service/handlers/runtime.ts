import { listPrecisions } from '../../../contract/precision.ts';
import { listRuntimes, runDoctor, useRuntime } from '../../../contract/runtime.ts';
import { runDoctorReport } from '../../engine/runtime/doctor.ts';
import { readProcessor } from '../../engine/runtime/processor.ts';
import { readSettings } from '../../store/settings.ts';
import { handler, type Handler } from '../handle.ts';
import type { ServiceParts } from './context.ts';

/** TensorFlow runtimes, and whether they work. */
export function runtimeHandlers({ library, runtimes }: ServiceParts): Handler[] {
  return [
    handler(listRuntimes, async () => ({
      runtimes: await runtimes.list(),
      processor: readProcessor(),
      gpus: (await runtimes.gpus()).gpus,
    })),
    handler(listPrecisions, () => runtimes.precisions()),
    handler(useRuntime, async ({ name }) => {
      await runtimes.use(name);
      return {};
    }),
    handler(runDoctor, () => {
      const { threads, gpu, xla } = readSettings(library.db);
      return runDoctorReport({ runtime: () => runtimes.active(), threads, gpu, xla });
    }),
  ];
}
