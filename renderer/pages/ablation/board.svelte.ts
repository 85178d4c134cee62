import { boardOf, type Board, type BoardRun } from '../../../contract/ablation-board.ts';
import { runDynamics, unpackDynamics, type DynamicsTable } from '../../../contract/dynamics-table.ts';
import type { DynamicsKind } from '../../../contract/dynamics.ts';
import { runChanged, runMeasured, runRewound, runTicked } from '../../../contract/events.ts';
import { getRun } from '../../../contract/runs.ts';
import { client } from '../../lib/client/index.ts';
import { attempt } from '../../lib/state/toasts.svelte.ts';

/** While its runs train a board is read at most this often. */
const AGAIN_MS = 3000;

/** Moments of validation; of magnitudes as many as a small map has. */
const VALIDATIONS = 2000;
const COLUMNS = 120;

/** What the runs of an ablation have recorded, kept up to date until `close`. */
export class BoardData {
  board: Board | null = $state.raw(null);
  readonly #known = new Map<number, BoardRun>();
  /** Runs that recorded something since they were read. */
  readonly #stale = new Set<number>();
  #ids: readonly number[] = [];
  #waiting: ReturnType<typeof setTimeout> | null = null;
  readonly #ends: (() => void)[];

  constructor() {
    const later = (runId: number): void => {
      if (!this.#ids.includes(runId)) return;
      this.#stale.add(runId);
      this.#waiting ??= setTimeout(() => this.#read(), AGAIN_MS);
    };
    this.#ends = [
      client.on(runChanged, ({ id }) => later(id)),
      client.on(runTicked, ({ runId }) => later(runId)),
      client.on(runMeasured, ({ runId }) => later(runId)),
      client.on(runRewound, ({ runId }) => later(runId)),
      client.whenOpen(() => {
        for (const id of this.#ids) this.#stale.add(id);
        this.#read();
      }),
    ];
  }

  close(): void {
    for (const end of this.#ends) end();
    if (this.#waiting !== null) clearTimeout(this.#waiting);
  }

  /** @param ids of the runs that are shown from now on */
  show(ids: readonly number[]): void {
    this.#ids = [...ids];
    for (const id of ids) if (!this.#known.has(id)) this.#stale.add(id);
    this.#read();
  }

  #read(): void {
    this.#waiting = null;
    void attempt(async () => {
      for (const id of this.#ids) {
        if (!this.#stale.delete(id)) continue;
        this.#known.set(id, {
          run: await client.call(getRun, { id }),
          validation: await this.#table(id, 'validation', VALIDATIONS),
          weight: await this.#table(id, 'weight', COLUMNS),
          activation: await this.#table(id, 'activation', COLUMNS),
        });
      }
      this.board = boardOf(this.#ids.flatMap((id) => this.#known.get(id) ?? []));
    });
  }

  async #table(id: number, kind: DynamicsKind, maxColumns: number): Promise<DynamicsTable> {
    return unpackDynamics(await client.call(runDynamics, { id, kind, maxColumns }));
  }
}
