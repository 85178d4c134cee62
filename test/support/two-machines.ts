import { join } from 'node:path';
import { addMachine, type Across } from '../../contract/machines.ts';
import { jobEnvironment } from '../../native-worker/engine/runtime/environment.ts';
import { root } from './root.ts';
import { startServiceUnderTest, type ServiceUnderTest } from './service-library.ts';
import { freePorts, startWorkerProcess, TOKEN, type WorkerProcess } from './worker-process.ts';

/** A service with real jobs, and a worker: two machines, both of which are this one. */
export interface TwoMachines {
  readonly service: ServiceUnderTest;
  worker: WorkerProcess;
  /** How they train together. */
  readonly across: Across;
  /** A processor each. */
  readonly devices: string[];
  end(): Promise<void>;
}

/** @param args of the worker's command */
export async function startTwoMachines(args: readonly string[] = []): Promise<TwoMachines> {
  const port = await freePorts(3);
  const worker = await startWorkerProcess(`127.0.0.1:${port}`, args);
  const service = await startServiceUnderTest({
    jobScript: join(root, 'native-worker/jobs/main.ts'),
    environment: () => Promise.resolve(jobEnvironment({ runtime: 'cpu', threads: 1 })),
  });
  await service.client.call(addMachine, { address: worker.address, token: TOKEN, trustedNetwork: true });
  const two: TwoMachines = {
    service,
    worker,
    across: { listen: `127.0.0.1:${port + 2}`, stepSeconds: 2, goOnWithout: false },
    devices: ['cpu:0', `${worker.address}/cpu:0`],
    end: async () => {
      await service.end();
      two.worker.signal('SIGKILL');
    },
  };
  return two;
}
