import { dialog, type BrowserWindow } from 'electron';
import * as z from 'zod';
import { shutdown } from '../contract/app.ts';
import { Job, listJobs } from '../contract/jobs.ts';
import type { Service } from './service.ts';

/** A checkpoint of a large network takes its time; after this we leave, and the job goes on writing without us. */
const PAUSE_TIMEOUT_MS = 60_000;
/** A service that does not say by then whether it trains is not waited for. */
const ASK_TIMEOUT_MS = 3000;

const buttons = ['Keep training', 'Pause and quit', 'Cancel'] as const;

/**
 * Asks, if a run trains, what shall become of it when the window closes.
 *
 * @returns whether the window may close
 */
export async function mayClose(window: BrowserWindow, service: Service): Promise<boolean> {
  const title = await trainingTitle(service);
  if (title === null) return true;
  const { response } = await dialog.showMessageBox(window, {
    type: 'question',
    message: `${title} is still training.`,
    detail:
      'It can go on without this window: start EDM2 Studio again to see how it does. Or it writes a checkpoint now and goes on from there whenever you like.',
    buttons: [...buttons],
    defaultId: 0,
    cancelId: 2,
    noLink: true,
  });
  const answer = buttons[response] ?? 'Cancel';
  if (answer === 'Pause and quit') await atMost(PAUSE_TIMEOUT_MS, service.call(shutdown.name, {}));
  return answer !== 'Cancel';
}

/** What is being trained, in words; null: nothing. */
async function trainingTitle(service: Service): Promise<string | null> {
  const reply = await atMost(ASK_TIMEOUT_MS, service.call(listJobs.name, { limit: 100 }));
  if (reply?.ok !== true) return null;
  const jobs = z.array(Job).safeParse(reply.value);
  return jobs.data?.find((job) => job.kind === 'train' && job.state === 'running')?.title ?? null;
}

function atMost<T>(timeoutMs: number, promise: Promise<T>): Promise<T | null> {
  return Promise.race([promise, new Promise<null>((resolve) => setTimeout(resolve, timeoutMs, null))]);
}
