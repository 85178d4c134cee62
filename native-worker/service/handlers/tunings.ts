import { planNetwork } from '../../../contract/architecture.ts';
import { checkOwn, checkSharing } from '../../../contract/devices.ts';
import { AppError } from '../../../contract/errors.ts';
import { findTuning, startTuning } from '../../../contract/tuning.ts';
import { countOpenMeasurements, someRunTrains } from '../../store/jobs.ts';
import { getRunSummary } from '../../store/runs.ts';
import * as store from '../../store/tunings.ts';
import { checkDevicePrecision } from '../device-precision.ts';
import { handler, type Handler } from '../handle.ts';
import type { ServiceParts } from './context.ts';

/** How fast ways to train are on the device that jobs use. */
export function tuningHandlers({ library: { db }, queue, runtimes }: ServiceParts): Handler[] {
  return [
    handler(startTuning, async ({ subject, seconds }) => {
      const { network, training } = subject.config;
      planNetwork(network, subject.shape); // throws if there is no such network
      const devices = subject.devices ?? null;
      checkOwn(devices);
      checkSharing(devices, training.batchSize, 'graph');
      await runtimes.machines(devices); // throws if one isn't there
      await checkDevicePrecision(runtimes, training.precision, 'graph', devices);
      const running = queue.training();
      if (running !== null) {
        const { name } = getRunSummary(db, running.runId);
        throw new AppError('conflict', `"${name}" trains, and both would disturb each other. Pause it to measure.`);
      }
      if (someRunTrains(db)) {
        throw new AppError(
          'conflict',
          'A run waits or is about to train, and both would disturb each other. Pause it to measure.',
        );
      }
      if (countOpenMeasurements(db) > 0) {
        throw new AppError(
          'conflict',
          'Another measurement is under way, and both would disturb each other. Wait for it.',
        );
      }
      const { resolution } = subject.shape;
      const title = `${network.modelChannels} channels, ${resolution}×${resolution}, batch ${training.batchSize}`;
      return { jobId: queue.add({ parameters: { kind: 'tune', subject, seconds }, title, runId: null }) };
    }),
    handler(findTuning, async ({ subject }) =>
      store.findTuning(db, await runtimes.measuredOn(subject.devices ?? null), subject),
    ),
  ];
}
