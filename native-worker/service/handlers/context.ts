import type { BrowserDoor } from '../../../contract/app.ts';
import type { Logger } from 'pino';
import type { Library } from '../../store/library.ts';
import type { Events } from '../events.ts';
import type { Folders } from '../folders.ts';
import type { JobOutcomes } from '../job-outcomes.ts';
import type { Queue } from '../queue.ts';
import type { Runtimes } from '../runtimes.ts';

/** An opening of the door for browsers. */
export interface OpenedDoor {
  /** An address with a token for one use. */
  readonly url: string;
  /** The port of last time, where another program has it; else null. */
  readonly takenPort: number | null;
  /** Takes this opening back; the last one closes the port and ends what browsers have open. */
  readonly close: () => void;
}

/** The parts of the service that handlers work with. */
export interface ServiceParts {
  readonly library: Library;
  readonly events: Events;
  readonly log: Logger;
  readonly queue: Queue;
  readonly outcomes: JobOutcomes;
  readonly folders: Folders;
  readonly runtimes: Runtimes;
  readonly version: string;
  /** Opens a TCP port for browsers, if none is open. */
  readonly openWeb: (door: BrowserDoor) => Promise<OpenedDoor>;
  /** Ends the service in good order, soon. */
  readonly shutDown: () => void;
}
