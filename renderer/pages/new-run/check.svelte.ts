import type * as z from 'zod';
import { countParameters, planNetwork, type NetworkPlan } from '../../../contract/architecture.ts';
import { appInfo, expectSpeed, type AppInfo } from '../../../contract/app.ts';
import { compiledOn, machinesOf, shareOn } from '../../../contract/devices.ts';
import { AppError } from '../../../contract/errors.ts';
import { estimateMemory, type MemoryEstimate } from '../../../contract/memory.ts';
import { listPrecisions, type PrecisionSupport } from '../../../contract/precision.ts';
import { memoryProblem } from '../../../contract/memory-advice.ts';
import { sharesProblem } from '../../../contract/micro-batch.ts';
import { sentence } from '../../../contract/sentence.ts';
import { resultOf, type Measured, type UsualWay } from '../../../contract/tuning.ts';
import { client } from '../../lib/client/index.ts';
import { smallestCard, smallestOffered } from '../../lib/run/devices.ts';
import { TuningOf } from '../../lib/run/tuning.svelte.ts';
import { device } from '../../lib/state/device.svelte.ts';
import { machines } from '../../lib/state/machines.svelte.ts';
import { jobs } from '../../lib/state/jobs.svelte.ts';
import { settings } from '../../lib/state/settings.svelte.ts';
import { attempt } from '../../lib/state/toasts.svelte.ts';
import { advice } from './advice.ts';
import { allFields } from '../../lib/run/config-fields.ts';
import type { RunDraft } from './draft.svelte.ts';
import { estimate, type Estimate } from './estimate.ts';

type SpeedQuestion = z.input<typeof expectSpeed.input>;

/** What is known of a run before it starts: whether it can be, how large it is, how long it takes. */
export class Preflight {
  readonly #draft: RunDraft;
  /** Null until the service has answered. */
  info: AppInfo | null = $state.raw(null);
  /** What the device makes of each precision; null until the service has answered. */
  precisions: PrecisionSupport[] | null = $state.raw(null);
  /** What earlier runs here let expect; null: nothing. */
  speed: { readonly imagesPerSecond: number; readonly scaled: boolean } | null = $state.raw(null);

  readonly #plan: { plan: NetworkPlan } | { problem: string } | null = $derived.by(() => {
    const { config, shape } = this.#draft;
    if (!config || !shape) return null;
    try {
      return { plan: planNetwork(config.network, shape) };
    } catch (error) {
      if (error instanceof AppError) return { problem: error.message };
      throw error;
    }
  });
  /** Null while the form has problems or no pictures are chosen. */
  readonly plan: NetworkPlan | null = $derived(this.#plan && 'plan' in this.#plan ? this.#plan.plan : null);
  readonly parameters: number | null = $derived(this.plan ? countParameters(this.plan).total : null);
  readonly estimate: Estimate | null = $derived.by(() =>
    this.#draft.config && this.parameters !== null ? estimate(this.#draft.config, this.parameters) : null,
  );
  /** What each device has of a batch, and how many parts of the processor share the machine's memory; null: it can't be shared out. */
  readonly #share = $derived.by(() => {
    const { config, devices } = this.#draft;
    if (!config || sharesProblem(config.training, devices?.length ?? 1) !== null) return null;
    return shareOn(config.training, devices);
  });
  /** Memory of a training step, on one of several cards. */
  readonly memory: MemoryEstimate | null = $derived.by(() =>
    this.#share && this.plan ? estimateMemory(this.plan, this.#share.training, this.#share.parts) : null,
  );
  /** Why training is estimated not to fit into the device's memory, and what would; null: it fits, or nobody knows. */
  readonly memoryProblem: string | null = $derived.by(() => {
    const { devices } = this.#draft;
    if (!this.#share || !this.plan || !this.info || this.measured) return null; // what was measured here fits
    const others = smallestOffered(devices ?? [], machines.all ?? []);
    const other = others && memoryProblem(this.plan, this.#share.training, others);
    if (other !== null) return other;
    const smallest = smallestCard(devices ?? [], device.status?.gpus ?? []);
    // What a job of ours uses will be free when the run begins.
    const computing = jobs.open.some(({ state }) => state === 'running');
    const memory = smallest && (computing ? { ...smallest, freeBytes: null } : smallest);
    return memoryProblem(this.plan, this.#share.training, memory ?? this.info.trainingMemory, this.#share.parts);
  });
  /** Start what is estimated not to fit: estimates can be wrong. */
  force = $state(false);
  /** Bytes that snapshots and checkpoints will take. */
  readonly diskBytes: number | null = $derived(
    this.estimate ? this.estimate.snapshotBytes + this.estimate.checkpointBytes : null,
  );
  /** What was measured here of ways to train this network. */
  readonly tuning: TuningOf;
  /** How jobs compute by the settings; what was measured first had the usual number of threads. */
  readonly usual: UsualWay = $derived.by(() => {
    const { threads, compile, deterministic } = settings.current;
    const usualThreads = threads ?? this.tuning.found?.results[0]?.choice.threads ?? null;
    return { threads: usualThreads, compile: compiledOn(this.#draft.devices, compile), deterministic };
  });
  /** What was measured of this way; undefined: it was not. */
  readonly measured: Measured | undefined = $derived.by(() => {
    const { found } = this.tuning;
    return found === null || this.#share === null ? undefined : resultOf(found, this.#share.training, this.usual);
  });
  readonly seconds: number | null = $derived.by(() => {
    const imagesPerSecond = this.measured?.measured.imagesPerSecond ?? this.speed?.imagesPerSecond;
    return imagesPerSecond !== undefined && this.#draft.config
      ? this.#draft.config.training.durationImages / imagesPerSecond
      : null;
  });

  readonly #support: PrecisionSupport | undefined = $derived(
    this.precisions?.find(({ precision }) => precision === this.#draft.precision),
  );

  /** What has to be filled in yet; told once the user has tried to start. */
  readonly missing: string[] = $derived.by(() => [
    ...(this.#draft.dataset ? [] : ['Choose the pictures to train on.']),
    ...(this.#draft.nameProblem ? [this.#draft.nameProblem] : []),
  ]);
  /** Why the run can't start as it is, in sentences; told at once. */
  readonly blockers: string[] = $derived.by(() => {
    const found: string[] = [];
    for (const [path, problem] of Object.entries(this.#draft.problems)) {
      const label = allFields.find((field) => field.path === path)?.label;
      found.push(label ? `${label}: ${problem}` : problem);
    }
    if (this.#support?.status === 'none') {
      found.push(`This device can’t train in ${this.#support.precision}. ${this.#support.reason}`);
    }
    const { config, devices } = this.#draft;
    const unshared = config && sharesProblem(config.training, devices?.length ?? 1);
    if (unshared !== null) found.push(sentence(unshared));
    if (this.#draft.across === null && machinesOf(devices ?? []).length > 0)
      found.push('Devices: say where the other machines reach this one.');
    if (this.#plan && 'problem' in this.#plan) found.push(sentence(this.#plan.problem));
    if (this.memoryProblem !== null && !this.force) found.push(this.memoryProblem);
    if (this.info && this.diskBytes !== null && this.diskBytes > this.info.diskFreeBytes) {
      found.push('Snapshots and checkpoints will not fit on the disk. Write them less often, or make room.');
    }
    return found;
  });
  /** Both, as sentences. @param tried the user has tried to start */
  problems(tried: boolean): string[] {
    return [...(tried ? this.missing : []), ...this.blockers];
  }

  /** What is worth knowing, though nothing forbids it. */
  readonly notes: string[] = $derived.by(() => {
    const { config, dataset } = this.#draft;
    const slow = this.#support?.status === 'slow' ? [this.#support.reason] : [];
    return config && dataset && this.plan ? [...slow, ...advice(config, dataset, this.plan)] : slow;
  });

  /** What the speed depends on, as text: asked anew only when that changes. Null while there is no network. */
  readonly #question: string | null = $derived.by(() => {
    const { config, shape, devices } = this.#draft;
    if (!config || !shape || !this.plan || (devices?.length ?? 1) > 1) return null; // runs tell of one device
    const { batchSize, microBatch, precision } = config.training;
    const question: SpeedQuestion = { network: config.network, shape, training: { batchSize, microBatch, precision } };
    return JSON.stringify(question);
  });

  constructor(draft: RunDraft) {
    this.#draft = draft;
    this.tuning = new TuningOf(() => {
      const { config, shape, devices } = draft;
      if (machinesOf(devices ?? []).length > 0) return null; // what is measured is measured on this machine
      return config && shape ? { config, shape, ...(devices && { devices }) } : null;
    });
    $effect(() =>
      client.whenOpen(() => {
        void attempt(async () => {
          this.info = await client.call(appInfo, {});
        });
      }),
    );
    $effect(() => {
      const { devices } = draft;
      let current = true;
      const stop = client.whenOpen(() => {
        void attempt(async () => {
          const found = await client.call(listPrecisions, { devices });
          if (current) this.precisions = found;
        });
      });
      return () => {
        current = false;
        stop();
      };
    });
    $effect(() => {
      const question = this.#question;
      this.speed = null;
      if (question === null) return;
      let current = true;
      void attempt(async () => {
        const { imagesPerSecond, scaled } = await client.call(expectSpeed, JSON.parse(question) as SpeedQuestion);
        if (current && imagesPerSecond !== null) this.speed = { imagesPerSecond, scaled };
      });
      return () => {
        current = false;
      };
    });
  }
}
