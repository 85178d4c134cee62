import { DynamicsKind } from '../../../contract/dynamics.ts';
import { runFindings } from '../../../contract/findings.ts';
import { runNoiseAdvice } from '../../../contract/noise-advice.ts';
import { findingsOf } from '../../findings/find.ts';
import { noiseAdvice } from '../../findings/noise-advice.ts';
import { readDynamics } from '../../store/dynamics.ts';
import { makeDynamicsLevels } from '../../store/dynamics-levels.ts';
import { getRun } from '../../store/runs.ts';
import { makeLevels } from '../../store/tick-levels.ts';
import { readTicks } from '../../store/ticks.ts';
import { handler, type Handler } from '../handle.ts';
import type { ServiceParts } from './context.ts';

/** Rules look at trends: so many moments and ticks, evenly spread, tell them, and are read in some milliseconds. */
const MOMENTS = 100;
const TICKS = 4000;

/** What a run's numbers say in words, and what they advise. */
export function findingHandlers({ library: { db } }: ServiceParts): Handler[] {
  const table = (id: number) => (kind: DynamicsKind) => readDynamics(db, id, kind, { maxColumns: MOMENTS });
  /** Of a long run of an earlier version, so that rules read few rows. */
  const makeTables = async (id: number): Promise<void> => {
    for (const kind of DynamicsKind.options) await makeDynamicsLevels(db, id, kind);
  };
  return [
    handler(runFindings, async ({ id }) => {
      const { config } = getRun(db, id);
      await makeLevels(db, id);
      await makeTables(id);
      const ticks = readTicks(db, id, { afterNimg: -1, maxPoints: TICKS });
      return findingsOf({ config, ticks, table: table(id) });
    }),
    handler(runNoiseAdvice, async ({ id }) => {
      const { config } = getRun(db, id);
      await makeTables(id);
      return noiseAdvice({ config, table: table(id) });
    }),
  ];
}
