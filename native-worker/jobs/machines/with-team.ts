import { setTimeout as sleep } from 'node:timers/promises';
import { machinesOf } from '../../../contract/devices.ts';
import type { JobOutcome } from '../../../contract/job-messages.ts';
import type { Run } from '../../../contract/runs.ts';
import { lossesOf } from '../../store/jobs.ts';
import { tokenOf } from '../../store/machines.ts';
import { checkCards } from '../cards.ts';
import type { JobContext } from '../context.ts';
import { writeLog } from '../training/session.ts';
import { lostAtStart, Team, type LostMachine } from './team.ts';

/** Asked to end before all machines were there: nothing has changed since the last checkpoint. */
const ENDINGS = { pause: 'paused', stop: 'stopped', cancel: 'cancelled' } as const;

/** What a run's work has of the machines that it names. */
export interface Together {
  /** Meets them; null: this machine trains alone. Nothing that keeps JavaScript busy for long comes after it. */
  readonly meet: () => Promise<Team | null>;
  /** To be called after each step. */
  readonly onStep: () => void;
  /** Takes what is to be waited for where a machine is lost: what is being written has all its numbers. */
  readonly atLoss: (settle: () => Promise<void>) => void;
}

/**
 * Does a run's work with the machines that it names, and lets them go. If one is lost, that is how it ended.
 *
 * @throws {AppError} what `Team.meet` throws, and what `work` throws if no machine is lost
 */
export async function withTeam(
  context: JobContext,
  run: Run,
  work: (together: Together) => Promise<JobOutcome>,
): Promise<JobOutcome> {
  if (machinesOf(run.devices ?? []).length === 0) {
    return work({ meet: () => Promise.resolve(null), onStep: () => undefined, atLoss: () => undefined });
  }
  checkCards(run.devices);
  let stepped = false;
  let team = null as Team | null; // callbacks change it
  let settle = (): Promise<void> => Promise.resolve();
  const lostBy = async (lost: LostMachine): Promise<JobOutcome> => {
    await settle();
    return { kind: 'lost', ...lost, stepped };
  };
  try {
    return await new Promise<JobOutcome>((resolve, reject) => {
      const meet = async (): Promise<Team> => {
        team = await meetTeam(context, run);
        // TensorFlow may wait for a machine that is gone much longer than we need to know that it is.
        void team.loss.then(lostBy).then(resolve, reject);
        return team;
      };
      work({ meet, onStep: () => (stepped = true), atLoss: (how) => (settle = how) }).then(resolve, reject);
    });
  } catch (error) {
    const asked = context.requested();
    if (error instanceof AskedToEnd && asked !== null) return { kind: ENDINGS[asked] };
    const atStart = lostAtStart(error);
    if (atStart !== null) return await afterWaiting(context, { kind: 'lost', ...atStart, stepped });
    const lost = (await team?.lost(error)) ?? null;
    if (lost === null) throw error;
    return await lostBy(lost);
  } finally {
    team?.leave();
  }
}

/** It was asked to end before all machines were there. */
class AskedToEnd extends Error {}

/** A run that has just lost a machine waits until it is back; one that somebody starts is told what is missing. */
async function meetTeam(context: JobContext, run: Run): Promise<Team> {
  const { db, folder } = context.library;
  const team = await Team.meet(
    {
      devices: run.devices!,
      across: run.across!,
      precision: run.config.training.precision,
      tokenOf: (address) => tokenOf(folder, address),
    },
    {
      waits: lossesOf(db, context.job.id) > 0,
      asked: () => context.requested() !== null,
      onWait: (address) =>
        context.send({
          type: 'progress',
          progress: address === null ? null : { done: 0, total: 0, unit: '', text: `Waiting for ${address}` },
        }),
      log: (level, text) => writeLog({ context, run, nimg: run.nimg }, level, text),
    },
  );
  if (team === null) throw new AskedToEnd();
  return team;
}

/** Longest pause before a run tries again that can't get its machines together. */
const MOST_WAIT_SECONDS = 60;

/**
 * A machine that answers but can't take part (its firewall isn't open yet, another program holds its port) is given time: each
 * try takes a process.
 */
async function afterWaiting(context: JobContext, lost: JobOutcome): Promise<JobOutcome> {
  const losses = lossesOf(context.library.db, context.job.id);
  const until = performance.now() + 1000 * Math.min(MOST_WAIT_SECONDS, 2 ** losses);
  while (performance.now() < until) {
    const asked = context.requested();
    if (asked !== null) return { kind: ENDINGS[asked] };
    await sleep(200);
  }
  return lost;
}
