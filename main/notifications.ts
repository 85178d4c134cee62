import { BrowserWindow, Notification } from 'electron';
import { getSettings, Settings } from '../contract/app.ts';
import { runChanged } from '../contract/events.ts';
import type { RunSummary } from '../contract/runs.ts';
import { images } from '../contract/units.ts';
import type { Service } from './service.ts';

/**
 * Tells the system when a run ends while nobody looks. Listens to the same events as the page; a run counts as ended
 * when it was seen training before, so that an old run that is renamed says nothing.
 */
export class EndNotifier {
  readonly #training = new Set<number>();
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
  }

  /** Takes every event of the service. */
  hear(name: string, payload: unknown): void {
    if (name !== runChanged.name) return;
    const run = runChanged.payload.safeParse(payload).data;
    if (run === undefined) return;
    const sentence = this.#ended(run);
    if (sentence !== null && BrowserWindow.getFocusedWindow() === null) void this.#show(run.name, sentence);
  }

  #ended(run: RunSummary): string | null {
    if (run.state === 'running') this.#training.add(run.id);
    const sentence = endSentence(run);
    return sentence !== null && this.#training.delete(run.id) ? sentence : null;
  }

  async #show(title: string, body: string): Promise<void> {
    const reply = await this.#service.call(getSettings.name, {});
    const wanted = reply.ok ? Settings.safeParse(reply.value).data?.notifications : undefined;
    if (wanted !== true || !Notification.isSupported()) return;
    const notification = new Notification({ title, body });
    notification.on('click', () => BrowserWindow.getAllWindows()[0]?.show());
    notification.show();
  }
}

/** What happened to a run that ended; null: it did not end, or somebody here ended it. */
export function endSentence(run: Pick<RunSummary, 'state' | 'nimg' | 'error'>): string | null {
  if (run.state === 'finished') return `Trained: ${images(run.nimg)} seen.`;
  if (run.state === 'failed') return run.error ?? 'Training failed.';
  return null;
}
