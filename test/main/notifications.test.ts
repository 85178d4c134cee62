import { beforeEach, expect, test, vi } from 'vitest';
import type { RunSummary } from '../../contract/runs.ts';
import { EndNotifier } from '../../main/notifications.ts';
import type { Service } from '../../main/service.ts';

const electron = vi.hoisted(() => ({ shown: [] as { title: string; body: string }[], focused: false }));
vi.mock('electron', () => ({
  BrowserWindow: { getFocusedWindow: () => (electron.focused ? {} : null), getAllWindows: () => [] },
  Notification: class {
    static isSupported = (): boolean => true;
    readonly options: { title: string; body: string };
    constructor(options: { title: string; body: string }) {
      this.options = options;
    }
    on(): void {
      // clicks are not tested here
    }
    show(): void {
      electron.shown.push(this.options);
    }
  },
}));

beforeEach(() => {
  electron.shown = [];
  electron.focused = false;
});

const run: RunSummary = {
  id: 7,
  name: 'emoji-G',
  notes: '',
  tags: [],
  state: 'running',
  error: null,
  datasetId: 1,
  datasetName: 'Emoji',
  preset: 'demo',
  parameters: 1,
  nimg: 35_008,
  durationImages: 35_008,
  sampleImages: 0,
  gridSeconds: null,
  lastLoss: null,
  lastError: null,
  validationError: null,
  imagesPerSecond: null,
  trainSeconds: null,
  memoryBytes: null,
  lastSampleId: null,
  devices: null,
  createdAt: 0,
  startedAt: 0,
  endedAt: null,
  trashedAt: null,
};

function notifier(notifications: boolean): EndNotifier {
  const settings = { theme: 'system', runtime: null, threads: null, notifications };
  return new EndNotifier({ call: () => Promise.resolve({ ok: true, value: settings }) } as unknown as Service);
}

async function hear(notifies: EndNotifier, ...states: Partial<RunSummary>[]): Promise<void> {
  for (const state of states) notifies.hear('run.changed', { ...run, ...state });
  // It asks for the settings first, which are there at once: a turn of the event loop later it has told.
  await new Promise((resolve) => setImmediate(resolve));
}

test('a run that ends while nobody looks is told once', async () => {
  await hear(notifier(true), {}, { state: 'finished' }, { state: 'finished', notes: 'edited' });
  expect(electron.shown).toEqual([{ title: 'emoji-G', body: 'Trained: 35.0 kimg seen.' }]);
});

test('a run that fails is told with its reason', async () => {
  await hear(notifier(true), {}, { state: 'failed', error: 'The loss became infinite.' });
  expect(electron.shown).toEqual([{ title: 'emoji-G', body: 'The loss became infinite.' }]);
});

test('nothing is told while the window is in front, when the setting is off, or of an old run that is edited', async () => {
  electron.focused = true;
  await hear(notifier(true), {}, { state: 'finished' });
  electron.focused = false;
  await hear(notifier(false), {}, { state: 'finished' });
  await hear(notifier(true), { state: 'finished', notes: 'edited' });
  await hear(notifier(true), {}, { state: 'paused' });
  expect(electron.shown).toEqual([]);
});
