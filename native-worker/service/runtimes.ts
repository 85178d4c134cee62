import { cardsOf, type Devices } from '../../contract/devices.ts';
import { runtimeProgress, settingsChanged } from '../../contract/events.ts';
import { AppError } from '../../contract/errors.ts';
import type { TrainingMemory } from '../../contract/memory-advice.ts';
import type { PrecisionSupport } from '../../contract/precision.ts';
import type { RuntimeName, RuntimeStatus } from '../../contract/runtime.ts';
import type { Logger } from 'pino';
import { chosenRuntime } from '../engine/runtime/choice.ts';
import { namedGpus, readGpus, usedGpu, type GpuReport, type UsedGpu } from '../engine/runtime/gpu.ts';
import { installRuntime } from '../engine/runtime/install.ts';
import { measuredOn, type MeasuredOn } from '../engine/runtime/measured-on.ts';
import { trainingMemory } from '../engine/runtime/memory.ts';
import { precisionSupport, readCpuFlags } from '../engine/runtime/precision-support.ts';
import { lockedVersion, runtimeIsReady, runtimeStatuses } from '../engine/runtime/status.ts';
import type { Library } from '../store/library.ts';
import { patiently } from '../store/patience.ts';
import { readSettings, writeSettings } from '../store/settings.ts';
import type { Events } from './events.ts';
import { remembered } from './remembered.ts';

/** Progress of a download comes by the kilobyte; a page wants it a few times a second. */
const PROGRESS_MS = 200;

/** What nvidia-smi says holds so long: it is a process of some tenths of a second, and cards seldom come or go. */
const GPUS_MS = 30_000;

/** What a process computes on; gpu null: the processor, or no card that is known. */
interface Machine {
  readonly runtime: RuntimeName;
  readonly gpu: UsedGpu | null;
}

/** The TensorFlow runtimes: which one jobs use, and fetching another. */
export class Runtimes {
  readonly #library: Library;
  readonly #events: Events;
  readonly #log: Logger;
  readonly #gpus = remembered(GPUS_MS, () => readGpus());
  #installing: RuntimeName | null = null;
  #cancel = new AbortController();

  constructor(parts: { library: Library; events: Events; log: Logger }) {
    this.#library = parts.library;
    this.#events = parts.events;
    this.#log = parts.log;
  }

  /** What jobs use: the user's choice, else what the machine suggests. */
  async active(): Promise<RuntimeName> {
    return (await chosenRuntime(readSettings(this.#library.db).runtime, process.env, this.#gpus)).runtime;
  }

  /** What nvidia-smi says, some seconds old at most. */
  gpus(): Promise<GpuReport> {
    return this.#gpus();
  }

  /** The memory of cards has changed: a job of ours has ended. */
  forgetGpus(): void {
    this.#gpus.forget();
  }

  /** The GPU that jobs compute on; null: none, or none that is known. */
  async gpu(): Promise<UsedGpu | null> {
    if ((await this.active()) === 'cpu') return null;
    return usedGpu(await this.#gpus(), readSettings(this.#library.db).gpu);
  }

  /** What of the devices decides how fast jobs are. @param devices null: the one of the settings */
  async measuredOn(devices: Devices | null = null): Promise<MeasuredOn> {
    const machines = await this.machines(devices);
    return measuredOn(machines[0]!.runtime, ...machines.map(({ gpu }) => gpu));
  }

  /** TensorFlow's version in the runtime that jobs use; 'none' where this platform has no such runtime. */
  async version(): Promise<string> {
    return lockedVersion(await this.active()) ?? 'none';
  }

  /**
   * What a run computes on: each of several cards, or the processor, however many parts it is cut into.
   *
   * @param devices null: the one of the settings
   * @throws {AppError} 'invalid-input' if a card isn't there; 'runtime' if jobs can't use cards
   */
  async machines(devices: Devices | null): Promise<Machine[]> {
    const runtime = await this.active();
    if (devices === null) return [{ runtime, gpu: await this.gpu() }];
    const wanted = cardsOf(devices);
    if (wanted.length === 0) return [{ runtime: 'cpu', gpu: null }];
    const cards = namedGpus(await this.#gpus(), wanted);
    if (runtime === 'cpu') {
      throw new AppError(
        'runtime',
        'Jobs compute on the processor: choose the runtime for NVIDIA GPUs in the settings.',
      );
    }
    return cards.map((gpu) => ({ runtime, gpu }));
  }

  /**
   * What training has to fit into: of several cards the one with the least room.
   *
   * @param computing whether a job of ours holds memory of the device now
   */
  async memory(computing: boolean, devices: Devices | null = null): Promise<TrainingMemory> {
    const [smallest] = (await this.machines(devices))
      .map(({ runtime, gpu }) => trainingMemory(runtime, gpu))
      .sort((a, b) => (a.freeBytes ?? a.bytes) - (b.freeBytes ?? b.bytes));
    return computing ? { ...smallest!, freeBytes: null } : smallest!;
  }

  /** What each device of a run makes of each precision. */
  async precisions(devices: Devices | null = null): Promise<PrecisionSupport[][]> {
    const cpuFlags = readCpuFlags();
    return (await this.machines(devices)).map(({ runtime, gpu }) => precisionSupport({ runtime, gpu, cpuFlags }));
  }

  async list(): Promise<RuntimeStatus[]> {
    return runtimeStatuses({ active: await this.active(), installing: this.#installing });
  }

  /**
   * Makes a runtime the active one. Where it is not on this machine yet it is fetched first; that goes on after this
   * returned, tells `runtime.progress`, and the choice is made when it is there.
   *
   * @throws {AppError} 'conflict' while one is being fetched
   */
  async use(name: RuntimeName): Promise<void> {
    if (this.#installing !== null) {
      throw new AppError('conflict', `The runtime "${this.#installing}" is being fetched; wait until it is there.`);
    }
    if (await runtimeIsReady(name)) {
      this.#choose(name);
      this.#tell(name, 'Ready', 1, 1, true, null);
      return;
    }
    this.#installing = name;
    void this.#install(name);
  }

  /** Breaks off a download; what is there of it stays for the next time. */
  stop(): void {
    this.#cancel.abort();
  }

  async #install(name: RuntimeName): Promise<void> {
    let told = -Infinity;
    try {
      await installRuntime({
        name,
        signal: this.#cancel.signal,
        onProgress: ({ text, done, total }) => {
          if (performance.now() - told < PROGRESS_MS) return;
          told = performance.now();
          this.#tell(name, text, done, total, false, null);
        },
      });
      await patiently(() => this.#choose(name));
      this.#installing = null;
      this.#tell(name, 'Ready', 1, 1, true, null);
    } catch (error) {
      this.#installing = null;
      if (!(error instanceof AppError)) this.#log.error({ err: error, runtime: name }, 'fetching a runtime failed');
      const message =
        error instanceof AppError ? error.message : 'Fetching the runtime failed; details are in the log.';
      if (!this.#cancel.signal.aborted) this.#tell(name, 'Failed', 0, 0, true, message);
    }
  }

  #choose(name: RuntimeName): void {
    this.#events.emit(settingsChanged, writeSettings(this.#library.db, { runtime: name }));
  }

  #tell(name: RuntimeName, text: string, done: number, total: number, finished: boolean, error: string | null): void {
    this.#events.emit(runtimeProgress, { name, text, done, total, finished, error });
  }
}
