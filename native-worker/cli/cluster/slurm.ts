import { createHash } from 'node:crypto';
import * as z from 'zod';
import { AppError } from '../../../contract/errors.ts';
import { nodeNames } from './node-list.ts';
import type { Tasks } from './tasks.ts';

/** What Slurm tells each task of a step (`man srun`, "OUTPUT ENVIRONMENT VARIABLES"). */

const Count = z.coerce.number().int().nonnegative();

/** Ports of a step begin at one of these, by its job's number: below those that systems give out by themselves. */
const FIRST_PORT = 10_000;
const PORTS_A_STEP = 64;
const STEPS = 340;

/** Two ports each. */
const MOST_TASKS_A_NODE = PORTS_A_STEP / 2;

/**
 * Tasks of the step that this process belongs to, with ports that follow from the job's number.
 *
 * @throws {AppError} 'invalid-input'
 */
export function slurmTasks(variables: Readonly<Record<string, string | undefined>>): Tasks {
  const text = (...names: readonly string[]): string => {
    const found = names.map((name) => variables[name]).find((value) => value !== undefined && value !== '');
    if (found !== undefined) return found;
    throw new AppError(
      'invalid-input',
      `--slurm is for a command that \`srun\` starts: there is no ${names[0]!}. Start it as \`srun edm2 train … --slurm\`.`,
    );
  };
  const number = (...names: readonly string[]): number => {
    const value = Count.safeParse(text(...names));
    if (value.success) return value.data;
    throw new AppError('invalid-input', `Slurm's ${names[0]!} is "${text(...names)}", no number.`);
  };
  const job = number('SLURM_JOB_ID', 'SLURM_JOBID');
  const step = number('SLURM_STEP_ID', 'SLURM_STEPID');
  const rank = number('SLURM_PROCID');
  const nodes = nodeNames(text('SLURM_STEP_NODELIST', 'SLURM_JOB_NODELIST', 'SLURM_NODELIST'));
  const counts = tasksPerNode(text('SLURM_STEP_TASKS_PER_NODE', 'SLURM_TASKS_PER_NODE'));
  if (counts.length !== nodes.length || counts.some((count) => count > MOST_TASKS_A_NODE)) {
    throw new AppError(
      'invalid-input',
      `Slurm names ${nodes.length} nodes with ${counts.join(', ')} tasks; each node can have 1 to ${MOST_TASKS_A_NODE}.`,
    );
  }
  const places = nodes.flatMap((node, nodeId) =>
    Array.from({ length: counts[nodeId]! }, (_, localId) => ({ node, nodeId, localId })),
  );
  const own = places[rank];
  if (own?.nodeId !== number('SLURM_NODEID') || own.localId !== number('SLURM_LOCALID')) {
    throw new AppError(
      'invalid-input',
      `Task ${rank} is not where it would be if one node was filled after the other: start with \`srun --distribution=block\`.`,
    );
  }
  const port = FIRST_PORT + PORTS_A_STEP * ((job + 7 * step) % STEPS);
  const secret = [job, step, variables.SLURM_CLUSTER_NAME, variables.SLURM_JOB_USER, variables.SLURM_JOB_START_TIME];
  return {
    addresses: places.map(({ node, localId }) => `${node}:${port + 2 * localId}`),
    rank,
    token: createHash('sha256').update(secret.join(' ')).digest('base64url'),
  };
}

/** "2(x3),1" is 2, 2, 2, 1. */
function tasksPerNode(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [, count, times = '1'] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part.trim()) ?? [];
    if (count === undefined) throw new AppError('invalid-input', `Slurm's tasks per node are "${text}", no counts.`);
    return Array.from({ length: Number(times) }, () => Number(count));
  });
}
