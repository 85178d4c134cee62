import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { JobMessage, type JobRequest } from '../../contract/job-messages.ts';
import { root } from './root.ts';

/** A real job process, started as the service starts it. */
export interface RunningJob {
  readonly process: ChildProcess;
  /** All messages so far, parsed. */
  readonly messages: JobMessage[];
  /** Resolves at the first message that fits. */
  until(fits: (message: JobMessage) => boolean): Promise<JobMessage>;
  request(type: JobRequest['type']): void;
  /** Resolves when the process is gone. */
  readonly gone: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

/**
 * @param memoryLimit bytes of address space that the process may take; default: no limit
 * @param uid         the user as whom it runs, if this one may say so
 * @param variables   of its environment, beside ours
 */
export function startJobProcess(
  library: string,
  job: number,
  { memoryLimit, uid, variables = {} }: { memoryLimit?: number; uid?: number; variables?: Record<string, string> } = {},
): RunningJob {
  const main = join(root, 'native-worker/jobs/main.ts');
  const command = [process.execPath, main, '--library', library, '--job', String(job)];
  const [program, ...args] =
    memoryLimit === undefined
      ? command
      : ['/bin/sh', '-c', `ulimit -v ${Math.floor(memoryLimit / 1024)}; exec "$@"`, 'sh', ...command];
  const user = uid === undefined ? {} : { uid, gid: uid };
  const env = { ...process.env, ...variables };
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env, ...user });
  const messages: JobMessage[] = [];
  const waiting = new Set<(message: JobMessage) => void>();
  let stderr = '';
  child.stderr!.on('data', (text: Buffer) => (stderr += text.toString()));
  child.on('message', (raw) => {
    const message = JobMessage.parse(raw);
    messages.push(message);
    for (const look of waiting) look(message);
  });
  const gone = new Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal, stderr }));
  });
  return {
    process: child,
    messages,
    gone,
    until: (fits) =>
      new Promise((resolve, reject) => {
        const look = (message: JobMessage): void => {
          if (!fits(message)) return;
          waiting.delete(look);
          resolve(message);
        };
        messages.forEach(look);
        waiting.add(look);
        void gone.then(() => reject(new Error(`the job ended before: ${stderr}`)));
      }),
    request: (type) => child.send({ type } satisfies JobRequest),
  };
}
