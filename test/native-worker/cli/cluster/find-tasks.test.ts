import { expect, test } from 'vitest';
import { tasksOf } from '../../../../native-worker/cli/cluster/find-tasks.ts';

/** What Slurm tells the fourth of five tasks on three nodes. */
const slurm = {
  SLURM_JOB_ID: '4711',
  SLURM_STEP_ID: '0',
  SLURM_PROCID: '3',
  SLURM_NODEID: '1',
  SLURM_LOCALID: '1',
  SLURM_STEP_NODELIST: 'GPU[1-3]',
  SLURM_STEP_TASKS_PER_NODE: '2(x2),1',
  SLURM_JOB_USER: 'ada',
};

test('Slurm’s variables say which tasks there are, and which this is', () => {
  const tasks = tasksOf(true, slurm)!;
  expect(tasks.rank).toBe(3);
  const ports = tasks.addresses.map((address) => Number(address.split(':')[1]));
  const first = ports[0]!;
  expect(tasks.addresses).toEqual([
    `gpu1:${first}`,
    `gpu1:${first + 2}`, // the port between is its server's
    `gpu2:${first}`,
    `gpu2:${first + 2}`,
    `gpu3:${first}`,
  ]);
  expect(first).toBeGreaterThanOrEqual(10_000);
  expect(first).toBeLessThan(32_000);
});

test('all tasks of a step find the same, and another step other ports and another secret', () => {
  const tasks = tasksOf(true, slurm)!;
  const other = { ...slurm, SLURM_PROCID: '4', SLURM_NODEID: '2', SLURM_LOCALID: '0' };
  expect(tasksOf(true, other)).toEqual({ ...tasks, rank: 4 });
  const next = tasksOf(true, { ...slurm, SLURM_STEP_ID: '1' })!;
  expect(next.addresses[0]).not.toBe(tasks.addresses[0]);
  expect(next.token).not.toBe(tasks.token);
});

test('older names of Slurm’s variables will do; one task is alone', () => {
  const { SLURM_JOB_ID: job, SLURM_STEP_NODELIST: nodes, SLURM_STEP_TASKS_PER_NODE: counts, ...rest } = slurm;
  const old = { ...rest, SLURM_JOBID: job, SLURM_NODELIST: nodes, SLURM_TASKS_PER_NODE: counts };
  expect(tasksOf(true, old)).toEqual(tasksOf(true, slurm));
  const alone = { ...slurm, SLURM_PROCID: '0', SLURM_NODEID: '0', SLURM_LOCALID: '0' };
  expect(tasksOf(true, { ...alone, SLURM_STEP_NODELIST: 'gpu1', SLURM_STEP_TASKS_PER_NODE: '1' })).toBeNull();
});

test.each([
  [{}, 'there is no SLURM_JOB_ID. Start it as `srun edm2 train … --slurm`'],
  [{ ...slurm, SLURM_PROCID: 'x' }, 'Slurm\'s SLURM_PROCID is "x", no number'],
  [{ ...slurm, SLURM_STEP_TASKS_PER_NODE: '2(x3' }, 'no counts'],
  [{ ...slurm, SLURM_STEP_TASKS_PER_NODE: '2,2' }, 'Slurm names 3 nodes with 2, 2 tasks'],
  [{ ...slurm, SLURM_STEP_TASKS_PER_NODE: '33(x3)' }, 'each node can have 1 to 32'],
  [{ ...slurm, SLURM_NODEID: '0' }, 'start with `srun --distribution=block`'],
])('Slurm’s variables %j: %s', (variables, words) => {
  expect(() => tasksOf(true, variables)).toThrow(words);
});

const config = (task: object, cluster: object = { worker: ['a:7900', 'B:7900'] }): { TF_CONFIG: string } => ({
  TF_CONFIG: JSON.stringify({ cluster, task }),
});

test('TF_CONFIG says it likewise; the chief begins', () => {
  expect(tasksOf(false, config({ type: 'worker', index: 1 }))).toEqual({
    ...{ addresses: ['a:7900', 'b:7900'], rank: 1, token: null },
  });
  const withChief = { worker: ['b:1', 'c:1'], chief: ['a:1'] };
  expect(tasksOf(false, config({ type: 'worker', index: '0' }, withChief))).toMatchObject({
    ...{ addresses: ['a:1', 'b:1', 'c:1'], rank: 1 },
  });
  expect(tasksOf(false, config({ type: 'worker', index: 0 }, { worker: ['a:1'] }))).toBeNull();
  expect(tasksOf(false, {})).toBeNull();
  expect(tasksOf(false, { TF_CONFIG: '' })).toBeNull();
});

test.each([
  [{ TF_CONFIG: '{' }, 'TF_CONFIG can’t be read'],
  [{ TF_CONFIG: '{}' }, 'TF_CONFIG can’t be read'],
  [config({ type: 'worker', index: 2 }), 'this is worker 2, and has none such'],
  [config({ type: 'ps', index: 0 }, { worker: ['a:1'], ps: ['b:1'] }), 'tasks of the kind "ps"'],
  [config({ type: 'worker', index: 0 }, { worker: ['a:1', 'b'] }), '"b" is no address'],
])('%j: %s', (variables, words) => {
  expect(() => tasksOf(false, variables)).toThrow(words);
});
