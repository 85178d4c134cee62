import type * as z from 'zod';
import type { ServiceEvent } from '../../contract/call.ts';

/** Is told every event of the service: a connection, or a part of the service that reacts to another. */
export type EventListener = (event: string, payload: unknown) => void;

/** What happens in the service, told to everybody who listens. */
export class Events {
  readonly #listeners = new Set<EventListener>();

  /** @throws {z.ZodError} if the payload does not fit the contract: a bug of ours */
  emit<P extends z.ZodType>(event: ServiceEvent<P>, payload: z.input<P>): void {
    if (this.#listeners.size === 0) return;
    const parsed = event.payload.parse(payload);
    for (const listener of this.#listeners) listener(event.name, parsed);
  }

  /** @returns what ends it */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
