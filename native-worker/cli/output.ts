import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { AppError } from '../../contract/errors.ts';
import { beginning } from '../../contract/names.ts';
import { percentDone, shareDone } from '../../contract/time-left.ts';
import { redraws } from './terminal.ts';

/** Without a terminal a line of progress comes this often, so that a log stays short. */
const PLAIN_INTERVAL_MS = 5000;

/** Cells of the bar itself; with words it fits a terminal of 80 columns. */
const BAR_CELLS = 20;

export interface Terminal extends Writable {
  isTTY?: boolean;
  columns?: number;
}

/**
 * What a command tells: sentences and one progress line for people, or one JSON object a line for programs (`--json`).
 * Answers go to `out`; in JSON mode nothing but JSON does.
 */
export class Output {
  readonly json: boolean;
  readonly #out: Terminal;
  readonly #errors: Terminal;
  #lineShown = false;
  #lastPlain = -Infinity;

  constructor(json: boolean, out: Terminal = process.stdout, errors: Terminal = process.stderr) {
    this.json = json;
    this.#out = out;
    this.#errors = errors;
  }

  /** A sentence for people; programs don't get it. */
  say(text: string): void {
    if (this.json) return;
    this.#clear();
    this.#out.write(`${text}\n`);
  }

  /** An answer that is no sentences, as it is, piece by piece; waits while whoever reads is slower. */
  async write(piece: Uint8Array): Promise<void> {
    this.#clear();
    if (!this.#out.write(piece)) await once(this.#out, 'drain');
  }

  /** A line for programs; people don't get it. `type` comes first. */
  event(type: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (this.json) this.#out.write(`${JSON.stringify({ type, ...fields })}\n`);
  }

  /**
   * Shows how far something is: redrawn in place on a terminal, a plain line every few seconds elsewhere.
   *
   * @param share done of all, 0 to 1
   * @param words what is beside the bar
   */
  progress(share: number, words: string): void {
    if (this.json) return;
    const part = shareDone(share, 1);
    const percent = percentDone(share, 1);
    if (redraws(this.#out)) {
      const full = Math.round(part * BAR_CELLS);
      const line = `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${percent.padStart(5)}  ${words}`;
      this.#out.write(`\r\x1b[2K${beginning(line, (this.#out.columns ?? 80) - 1)}`);
      this.#lineShown = true;
    } else if (performance.now() - this.#lastPlain >= PLAIN_INTERVAL_MS) {
      this.#lastPlain = performance.now();
      this.#out.write(`${percent}  ${words}\n`);
    }
  }

  /** The one sentence with which a command fails. */
  error(error: AppError): void {
    this.#clear();
    if (this.json) this.event('error', { code: error.code, message: error.message });
    else this.#errors.write(`${error.message}\n`);
  }

  #clear(): void {
    if (!this.#lineShown) return;
    this.#out.write('\r\x1b[2K');
    this.#lineShown = false;
  }
}
