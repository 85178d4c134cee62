import type { BrowserWindow } from 'electron';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Reply } from '../../contract/call.ts';
import type { Job } from '../../contract/jobs.ts';
import { mayClose } from '../../main/closing.ts';
import type { Service } from '../../main/service.ts';

const { showMessageBox } = vi.hoisted(() => ({ showMessageBox: vi.fn() }));
vi.mock('electron', () => ({ dialog: { showMessageBox } }));
beforeEach(() => showMessageBox.mockReset());

const window = {} as unknown as BrowserWindow;
const training: Job = {
  id: 1,
  kind: 'train',
  state: 'running',
  title: 'emoji-G',
  runId: 1,
  sampleId: null,
  datasetId: null,
  progress: null,
  error: null,
  errorCode: null,
  createdAt: 0,
  startedAt: 0,
  endedAt: null,
};

function serviceWith(reply: Reply): { service: Service; asked: string[] } {
  const asked: string[] = [];
  const call = (name: string): Promise<Reply> => {
    asked.push(name);
    return Promise.resolve(reply);
  };
  return { service: { call } as unknown as Service, asked };
}

test.each<[string, Reply]>([
  ['nothing runs', { ok: true, value: [] }],
  ['only an import runs', { ok: true, value: [{ ...training, kind: 'import' }] }],
  ['a run waits in the queue', { ok: true, value: [{ ...training, state: 'queued' }] }],
  ['the service is gone', { ok: false, code: 'unavailable', message: '' }],
])('the window closes without a question when %s', async (_words, reply) => {
  expect(await mayClose(window, serviceWith(reply).service)).toBe(true);
  expect(showMessageBox).not.toHaveBeenCalled();
});

test.each([
  ['Keep training', 0, true, ['jobs.list']],
  ['Pause and quit', 1, true, ['jobs.list', 'app.shutdown']],
  ['Cancel', 2, false, ['jobs.list']],
])('while a run trains, "%s" does what it says', async (label, response, closes, calls) => {
  const { service, asked } = serviceWith({ ok: true, value: [training] });
  showMessageBox.mockResolvedValue({ response });
  expect(await mayClose(window, service)).toBe(closes);
  expect(asked).toEqual(calls);
  const options = showMessageBox.mock.calls[0]?.[1] as { buttons: string[]; message: string };
  expect(options.buttons[response]).toBe(label);
  expect(options.message).toContain('emoji-G');
});
