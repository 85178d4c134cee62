import type { Migration } from '../migrate.ts';
import { firstTables } from './001-first-tables.ts';
import { reconstructions } from './002-reconstructions.ts';
import { guidance } from './003-guidance.ts';
import { systemMetrics } from './004-system-metrics.ts';
import { jobErrorCode } from './005-job-error-code.ts';
import { resumes } from './006-resumes.ts';
import { unfinishedFiles } from './007-unfinished-files.ts';
import { libraryId } from './008-library-id.ts';
import { rewoundFiles } from './009-rewound-files.ts';
import { selfDescribed } from './010-self-described.ts';
import { microBatch } from './011-micro-batch.ts';
import { configFormat2 } from './012-config-format-2.ts';
import { profiles } from './013-profiles.ts';
import { tf32 } from './014-tf32.ts';
import { tunings } from './015-tunings.ts';
import { devices } from './016-devices.ts';
import { machines } from './017-machines.ts';
import { emaLab } from './018-ema-lab.ts';
import { datasetContent } from './019-dataset-content.ts';
import { dynamics } from './020-dynamics.ts';
import { tickLevels } from './021-tick-levels.ts';
import { dynamicsLevels } from './022-dynamics-levels.ts';

/** Every step in order. A step is never edited after its release; a change is a new step. */
export const migrations: readonly Migration[] = [
  firstTables,
  reconstructions,
  guidance,
  systemMetrics,
  jobErrorCode,
  resumes,
  unfinishedFiles,
  libraryId,
  rewoundFiles,
  selfDescribed,
  microBatch,
  configFormat2,
  profiles,
  tf32,
  tunings,
  devices,
  machines,
  emaLab,
  datasetContent,
  dynamics,
  tickLevels,
  dynamicsLevels,
];
