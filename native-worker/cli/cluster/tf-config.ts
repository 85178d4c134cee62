import * as z from 'zod';
import { AppError } from '../../../contract/errors.ts';
import type { Tasks } from './tasks.ts';

/** TensorFlow's own standard: which processes there are, and which this one is. */
const TfConfig = z.object({
  cluster: z.record(z.string(), z.array(z.string())),
  task: z.object({ type: z.string(), index: z.coerce.number().int().nonnegative() }),
});

/** Kinds of tasks that train; the first task of the first kind that there is begins. */
const KINDS = ['chief', 'master', 'worker'];

/**
 * Tasks from TF_CONFIG.
 *
 * @returns null: it isn't set
 * @throws {AppError} 'invalid-input' if it can't be read, or has tasks that do anything but train
 */
export function tfConfigTasks(variables: Readonly<Record<string, string | undefined>>): Tasks | null {
  const text = variables.TF_CONFIG;
  if (text === undefined || text.trim() === '') return null;
  const { cluster, task } = parsed(text);
  const other = Object.keys(cluster).find((kind) => !KINDS.includes(kind));
  if (other !== undefined)
    throw new AppError(
      'invalid-input',
      `TF_CONFIG has tasks of the kind "${other}"; runs are trained by "chief" and "worker" alone. Unset it to train on this machine.`,
    );
  const tasks = KINDS.flatMap((kind) => (cluster[kind] ?? []).map((address, index) => ({ kind, index, address })));
  const rank = tasks.findIndex(({ kind, index }) => kind === task.type && index === task.index);
  if (rank < 0)
    throw new AppError('invalid-input', `TF_CONFIG says that this is ${task.type} ${task.index}, and has none such.`);
  return { addresses: tasks.map(({ address }) => address), rank, token: null };
}

function parsed(text: string): z.infer<typeof TfConfig> {
  try {
    return TfConfig.parse(JSON.parse(text));
  } catch (error) {
    throw new AppError(
      'invalid-input',
      'TF_CONFIG can’t be read: it is JSON such as {"cluster": {"worker": ["a:7900", "b:7900"]}, "task": {"type": "worker", "index": 0}}. Unset it to train on this machine.',
      { cause: error },
    );
  }
}
