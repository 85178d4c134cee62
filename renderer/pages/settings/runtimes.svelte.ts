import type * as z from 'zod';
import { runtimeProgress } from '../../../contract/events.ts';
import {
  listRuntimes,
  runDoctor,
  useRuntime,
  type DoctorReport,
  type GpuInfo,
  type ProcessorInfo,
  type RuntimeName,
  type RuntimeStatus,
} from '../../../contract/runtime.ts';
import { client } from '../../lib/client/index.ts';
import { attempt } from '../../lib/state/toasts.svelte.ts';

export type RuntimeProgress = z.output<typeof runtimeProgress.payload>;

/** The TensorFlow builds that jobs can use, how far one is fetched, and what the doctor finds. */
export class Runtimes {
  /** Null until the first answer. */
  all: readonly RuntimeStatus[] | null = $state.raw(null);
  gpus: readonly GpuInfo[] = $state.raw([]);
  /** Null until the first answer. */
  processor: ProcessorInfo | null = $state.raw(null);
  /** The newest word about one that is being fetched; null: none is. */
  progress: RuntimeProgress | null = $state.raw(null);
  /** Why the last switch failed; null: it did not. */
  problem: string | null = $state(null);

  report: DoctorReport | null = $state.raw(null);
  examining = $state(false);

  constructor() {
    $effect(() => client.whenOpen(() => void attempt(() => this.#load())));
    $effect(() =>
      client.on(runtimeProgress, (progress) => {
        this.progress = progress.finished ? null : progress;
        if (!progress.finished) return;
        this.problem = progress.error;
        void attempt(() => this.#load());
      }),
    );
  }

  /** Makes a runtime the one that jobs use, fetching it first if need be. */
  async use(name: RuntimeName): Promise<void> {
    this.problem = null;
    this.report = null;
    try {
      await client.call(useRuntime, { name });
      await this.#load();
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  /** Has the machine examined; takes some seconds. */
  async examine(): Promise<void> {
    this.examining = true;
    this.report = (await attempt(() => client.call(runDoctor, {}))) ?? this.report;
    this.examining = false;
  }

  async #load(): Promise<void> {
    const answer = await client.call(listRuntimes, {});
    this.all = answer.runtimes;
    this.gpus = answer.gpus;
    this.processor = answer.processor;
  }
}
