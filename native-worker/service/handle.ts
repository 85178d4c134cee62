import type { Logger } from 'pino';
import * as z from 'zod';
import type { Audience, Call, Reply } from '../../contract/call.ts';
import type { AppError } from '../../contract/errors.ts';
import { patiently } from '../store/patience.ts';
import { refusal as refusalOf } from '../system/refusal.ts';

/** A call of the contract and what answers it. */
export interface Handler {
  readonly call: Call;
  readonly run: (input: unknown, asker: Asker) => unknown;
}

/** Who asks. */
export interface Asker {
  /** Is told when the connection has ended, or at once if it has. */
  onLeave(listener: () => void): void;
}

/** Somebody who is never seen to leave. */
const NOBODY: Asker = { onLeave: () => undefined };

/** So long a call waits for another program that holds the library's index locked. */
const PATIENCE_MS = 30_000;

/** Pairs a call with its function; the types of both sides come from the contract. */
export function handler<I extends z.ZodType, O extends z.ZodType>(
  call: Call<I, O>,
  run: (input: z.output<I>, asker: Asker) => z.input<O> | Promise<z.input<O>>,
): Handler {
  return { call, run: run as Handler['run'] };
}

/** Answers a call of somebody. Never throws; what it returns never holds a stack. */
export type Answer = (name: string, input: unknown, audience: Audience, asker?: Asker) => Promise<Reply>;

/**
 * Makes one function of all handlers: it parses what is asked, runs the handler and parses the answer. A handler that
 * finds the index locked is run again: what it writes is one transaction, before which nothing is done that can't be
 * done twice. Expected failures become replies; anything else is a bug, which is logged whole and answered with one calm
 * sentence.
 */
export function answerWith(handlers: readonly Handler[], log: Logger): Answer {
  const byName = new Map(handlers.map((entry) => [entry.call.name, entry]));
  return async (name, input, audience, asker = NOBODY) => {
    const found = byName.get(name);
    if (found === undefined) return refusal('invalid-input', `There is no call "${name}".`);
    const { call, run } = found;
    if (call.audience === 'local' && audience !== 'local') {
      return refusal('forbidden', `${name} can only be asked on the machine itself.`);
    }
    const parsed = call.input.safeParse(input);
    if (!parsed.success) return refusal('invalid-input', `${name}: ${z.prettifyError(parsed.error)}`);
    try {
      return {
        ok: true,
        value: call.output.parse(await patiently(() => run(parsed.data, asker), { forMs: PATIENCE_MS })),
      };
    } catch (error) {
      const expected = refusalOf(error);
      // What the system refuses can strike anywhere; where it did is for the log.
      if (expected !== null && expected !== error) log.warn({ err: error, call: name }, 'the system refused something');
      if (expected !== null) return refusal(expected.code, expected.message);
      log.error({ err: error, call: name }, 'a call failed');
      return refusal('internal', `${name} failed; details are in the log.`);
    }
  };
}

function refusal(code: AppError['code'], message: string): Reply {
  return { ok: false, code, message };
}
