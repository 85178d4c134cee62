import { machinesOf } from '../../../contract/devices.ts';
import type { JobOutcome } from '../../../contract/job-messages.ts';
import type { Run } from '../../../contract/runs.ts';
import { lossesOf } from '../../store/jobs.ts';
import { tokenOf } from '../../store/machines.ts';
import { checkCards } from '../cards.ts';
import type { JobContext } from '../context.ts';
import { writeLog } from '../training/session.ts';
import { lostAtStart, Team } from './team.ts';

/** Asked to end before all machines were there: nothing has changed since the last checkpoint. */
const ENDINGS = { pause: 'paused', stop: 'stopped', cancel: 'cancelled' } as const;

/**
 * Does a run's work with the machines that it names, and lets them go. If one is lost, that is how it ended.
 *
 * @param work gets null where this machine trains alone; calls `onStep` after each step
 * @throws {AppError} what `Team.meet` throws, and what `work` throws if no machine is lost
 */
export async function withTeam(
  context: JobContext,
  run: Run,
  work: (team: Team | null, onStep: () => void) => Promise<JobOutcome>,
): Promise<JobOutcome> {
  if (machinesOf(run.devices ?? []).length === 0) return work(null, () => undefined);
  checkCards(run.devices);
  let stepped = false;
  let team: Team | null = null;
  try {
    team = await meet(context, run);
    if (team === null) return { kind: ENDINGS[context.requested()!] };
    const done = work(team, () => (stepped = true));
    done.catch(() => undefined); // what becomes of it where a machine is lost first, nobody hears
    const first = await Promise.race([done, team.loss]);
    return 'kind' in first ? first : { kind: 'lost', ...first, stepped };
  } catch (error) {
    const lost = team === null ? lostAtStart(error) : await team.lost(error);
    if (lost === null) throw error;
    return { kind: 'lost', ...lost, stepped };
  } finally {
    team?.leave();
  }
}

/** A run that has just lost a machine waits until it is back; one that somebody starts is told what is missing. */
function meet(context: JobContext, run: Run): Promise<Team | null> {
  const { db, folder } = context.library;
  const waits = lossesOf(db, context.job.id) > 0;
  if (waits) context.send({ type: 'stepping' }); // it hears while it waits
  return Team.meet(
    {
      devices: run.devices!,
      across: run.across!,
      precision: run.config.training.precision,
      tokenOf: (address) => tokenOf(folder, address),
    },
    {
      waits,
      asked: () => context.requested() !== null,
      onWait: (address) =>
        context.send({
          type: 'progress',
          progress: address === null ? null : { done: 0, total: 0, unit: '', text: `Waiting for ${address}` },
        }),
      log: (level, text) => writeLog({ context, run, nimg: run.nimg }, level, text),
    },
  );
}
