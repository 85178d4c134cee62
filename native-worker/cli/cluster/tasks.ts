/** Processes that a scheduler started with one command, to train one run together. */
export interface Tasks {
  /** Of each, by its number: where it listens. TensorFlow's server of the first listens there, of the others one port behind. */
  readonly addresses: readonly string[];
  /** Number of this one. The first trains, the others lend it their devices. */
  readonly rank: number;
  /** By which they know each other; null: `EDM2_WORKER_TOKEN` must say. */
  readonly token: string | null;
}
