import type { Handler } from '../handle.ts';
import { appHandlers } from './app.ts';
import type { ServiceParts } from './context.ts';
import { datasetHandlers } from './datasets.ts';
import { findingHandlers } from './findings.ts';
import { folderHandlers } from './folders.ts';
import { jobHandlers } from './jobs.ts';
import { machineHandlers } from './machines.ts';
import { profileHandlers } from './profiles.ts';
import { tuningHandlers } from './tunings.ts';
import { reconstructionHandlers } from './reconstructions.ts';
import { runHandlers } from './runs.ts';
import { runtimeHandlers } from './runtime.ts';
import { sampleHandlers } from './samples.ts';
import { setAsideHandlers } from './set-aside.ts';
import { viewHandlers } from './views.ts';

/** Every call of the contract, answered. */
export function allHandlers(parts: ServiceParts): Handler[] {
  return [
    ...appHandlers(parts),
    ...datasetHandlers(parts),
    ...findingHandlers(parts),
    ...folderHandlers(parts),
    ...jobHandlers(parts),
    ...machineHandlers(parts),
    ...profileHandlers(parts),
    ...tuningHandlers(parts),
    ...reconstructionHandlers(parts),
    ...runHandlers(parts),
    ...runtimeHandlers(parts),
    ...sampleHandlers(parts),
    ...setAsideHandlers(parts),
    ...viewHandlers(parts),
  ];
}
