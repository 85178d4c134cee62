import { ipcMain, type IpcMainInvokeEvent, type WebContents } from 'electron';
import type { Reply } from '../contract/call.ts';
import { calls } from '../contract/calls.ts';
import { CALL_CHANNEL, EVENT_CHANNEL, NEW_INDEX_CHANNEL, PICK_FOLDER_CHANNEL } from './channels.ts';
import { isAppFrame } from './origin.ts';

/** Far more than the largest call of the contract needs (a thousand seeds and labels); the service takes 1 MiB. */
const MAX_INPUT_BYTES = 1_000_000;

const pageCalls: ReadonlySet<string> = new Set(
  calls.filter((call) => call.audience === 'page').map((call) => call.name),
);

export interface IpcHandlers {
  /** Forwards an input to the service, which parses it. */
  readonly call: (name: string, input: unknown) => Promise<Reply>;
  /** Shows the system's folder dialog; the value of the reply is a Folder, or null if none was picked. */
  readonly pickFolder: () => Promise<Reply>;
  /** Starts the service with a new index in the place of one that is lost. */
  readonly beginNewIndex: () => Promise<Reply>;
}

/** Answers the page. Main looks at who asks and for what; what the input means is the service's to parse. */
export function answerPage(handlers: IpcHandlers): void {
  ipcMain.handle(CALL_CHANNEL, async (event, name: unknown, input: unknown): Promise<Reply> => {
    if (!isAppFrame(senderOf(event))) return refusal('forbidden', 'This page may not ask EDM2 Studio anything.');
    if (typeof name !== 'string' || !pageCalls.has(name)) return refusal('forbidden', 'A page may not ask for that.');
    const plain = toPlain(input);
    if (plain === null) return refusal('invalid-input', `${name}: the input is too large or is not plain data.`);
    return handlers.call(name, plain.value);
  });

  ipcMain.handle(PICK_FOLDER_CHANNEL, async (event): Promise<Reply> => {
    if (!isAppFrame(senderOf(event))) return refusal('forbidden', 'This page may not ask EDM2 Studio anything.');
    return handlers.pickFolder();
  });

  ipcMain.handle(NEW_INDEX_CHANNEL, async (event): Promise<Reply> => {
    if (!isAppFrame(senderOf(event))) return refusal('forbidden', 'This page may not ask EDM2 Studio anything.');
    return handlers.beginNewIndex();
  });
}

/** Tells a page something. */
export function tellPage(contents: WebContents, name: string, payload: unknown): void {
  contents.send(EVENT_CHANNEL, name, payload);
}

/** The frame that sent a message; null when it is gone. (Electron 22 throws for a frame that is gone.) */
function senderOf(event: IpcMainInvokeEvent): IpcMainInvokeEvent['senderFrame'] {
  try {
    return event.senderFrame;
  } catch {
    return null;
  }
}

/** What JSON makes of a value, so that the service gets what a browser could have sent as well; null: JSON can't. */
function toPlain(input: unknown): { value: unknown } | null {
  try {
    const text = JSON.stringify(input) as string | undefined;
    if (text === undefined || Buffer.byteLength(text) > MAX_INPUT_BYTES) return null;
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}

function refusal(code: 'forbidden' | 'invalid-input', message: string): Reply {
  return { ok: false, code, message };
}
