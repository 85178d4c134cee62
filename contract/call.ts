import * as z from 'zod';
import { errorCodes } from './errors.ts';
import { LibraryIdentity } from './library.ts';

/**
 * Who may ask. `page`: the renderer, in a window or a browser tab. `local`: only programs of this user that hold the
 * service's socket (Electron's main process, the command line), because the call takes a path or ends the service.
 */
export type Audience = 'page' | 'local';

/** A named question with a schema for what is asked and what is answered. */
export interface Call<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly input: I;
  readonly output: O;
  readonly audience: Audience;
  /** After this many ms without an answer the asker gives up; what was asked may go on in the service. */
  readonly timeoutMs: number;
}

/** Longer than any usual answer takes, on a slow disk under load. What takes longer says its own limit. */
export const USUAL_TIMEOUT_MS = 120_000;

export function defineCall<I extends z.ZodType, O extends z.ZodType>(
  name: string,
  input: I,
  output: O,
  audience: Audience = 'page',
  timeoutMs = USUAL_TIMEOUT_MS,
): Call<I, O> {
  return { name, input, output, audience, timeoutMs };
}

/** Something the service tells everybody who is connected. */
export interface ServiceEvent<P extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly payload: P;
}

export function defineEvent<P extends z.ZodType>(name: string, payload: P): ServiceEvent<P> {
  return { name, payload };
}

/** The answer to every call. It never holds a stack. */
export const Reply = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), code: z.enum(errorCodes), message: z.string() }),
]);
export type Reply = z.infer<typeof Reply>;

/** What a client writes to the service's socket, one JSON text a message. */
export const ClientMessage = z.strictObject({
  id: z.int().nonnegative(),
  call: z.string().max(64),
  input: z.unknown(),
});
export type ClientMessage = z.infer<typeof ClientMessage>;

/** The greeting: which contract the service speaks, and who it is. */
const Hello = z.object({
  kind: z.literal('hello'),
  contract: z.int(),
  app: z.string(),
  pid: z.int(),
  /** Which library it serves; null: it is of a version that did not say. */
  library: LibraryIdentity.nullable().default(null),
});
export type Hello = z.infer<typeof Hello>;

/** A service says something to each client at least so often. */
export const ALIVE_MS = 10_000;

/** What the service writes to a client. `hello` comes first and once. */
export const ServiceMessage = z.discriminatedUnion('kind', [
  Hello,
  z.object({ kind: z.literal('reply'), id: z.int(), reply: Reply }),
  z.object({ kind: z.literal('event'), event: z.string(), payload: z.unknown() }),
  // Comes every so often when there is nothing to say: a line that has gone silent is told from one that is quiet.
  z.object({ kind: z.literal('alive') }),
]);
export type ServiceMessage = z.infer<typeof ServiceMessage>;

/** An answer without content. */
export const Nothing = z.strictObject({});
