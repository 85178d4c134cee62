/** How busy the GPUs are, from one long-lived nvidia-smi. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { GpuInfo } from '../../../contract/runtime.ts';
import { MEBIBYTE, numberOrNull, nvidiaSmi, readGpus } from './gpu.ts';

/** The columns that change, in the order in which `parseReading` reads them. */
const columns = ['index', 'utilization.gpu', 'memory.used', 'memory.total', 'temperature.gpu', 'power.draw'];

/** What one GPU does at one moment; null: it does not tell. */
export type GpuReading = Pick<
  GpuInfo,
  'index' | 'utilisation' | 'memoryUsed' | 'memoryTotal' | 'temperature' | 'power'
>;

export interface GpuWatchOptions {
  /** nvidia-smi, or what stands for it in a test. */
  readonly command?: string;
  /** Between two readings. */
  readonly periodMs?: number;
  /** A child that says nothing for so long hangs with its driver, and is ended. */
  readonly silenceMs?: number;
  /** After the end of a child, or where there was no GPU; doubles up to `longestPauseMs` while that goes on. */
  readonly pauseMs?: number;
  readonly longestPauseMs?: number;
}

const usual = { periodMs: 2000, silenceMs: 20_000, pauseMs: 3000, longestPauseMs: 60_000 };

/**
 * Keeps an nvidia-smi running as long as somebody holds it, and starts it again when it dies: drivers are updated and
 * cards fall off the bus while a run trains. A machine without nvidia-smi is asked again every minute.
 */
export class GpuWatch {
  readonly #options: Required<GpuWatchOptions>;
  readonly #listeners = new Set<(reading: GpuReading, name: string) => void>();
  #holders = 0;
  #gpus: readonly GpuInfo[] = [];
  #child: ChildProcess | null = null;
  #timer: NodeJS.Timeout | null = null;
  #pauseMs: number;
  /** Counts starts, so that what an earlier one still says is not heard. */
  #round = 0;

  constructor(options: GpuWatchOptions = {}) {
    this.#options = { command: nvidiaSmi(), ...usual, ...options };
    this.#pauseMs = this.#options.pauseMs;
  }

  /** The GPUs with their newest readings; none while nobody holds it, or where nvidia-smi gives none. */
  get gpus(): readonly GpuInfo[] {
    return this.#gpus;
  }

  /** Wants readings until the returned function is called. */
  hold(): () => void {
    this.#holders += 1;
    if (this.#holders === 1) void this.#start();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holders -= 1;
      if (this.#holders === 0) this.#stop();
    };
  }

  /** Is told every reading with the GPU's name. @returns what ends it */
  onReading(listener: (reading: GpuReading, name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #start(): Promise<void> {
    const round = ++this.#round;
    const { gpus } = await readGpus(this.#options.command);
    if (round !== this.#round) return;
    this.#gpus = gpus;
    if (gpus.length === 0) {
      // Absent is the usual thing, not a failure that may pass in a moment.
      this.#pauseMs = this.#options.longestPauseMs;
      this.#startLater();
      return;
    }
    this.#stream(round);
  }

  #stream(round: number): void {
    const { command, periodMs, silenceMs, pauseMs } = this.#options;
    const child = spawn(
      command,
      [`--query-gpu=${columns.join(',')}`, '--format=csv,noheader,nounits', '-lms', String(periodMs)],
      { stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true },
    );
    this.#child = child;
    const hung = setTimeout(() => child.kill('SIGKILL'), silenceMs);
    // Where no file can be opened any more there is no pipe, and 'error' is to come.
    const output = child.stdout as Readable | null;
    if (output !== null)
      createInterface(output).on('line', (line) => {
        if (round !== this.#round) return;
        const reading = parseReading(line);
        if (reading === null) return; // drivers print warnings between them
        hung.refresh();
        this.#pauseMs = pauseMs;
        this.#take(reading);
      });
    let over = false;
    const end = (): void => {
      if (over) return;
      over = true;
      clearTimeout(hung);
      if (round !== this.#round) return;
      this.#child = null;
      // What it said last no longer holds.
      this.#gpus = this.#gpus.map((gpu) => ({
        ...gpu,
        utilisation: null,
        memoryUsed: null,
        temperature: null,
        power: null,
      }));
      this.#startLater();
    };
    child.on('error', end);
    child.on('close', end);
  }

  #take(reading: GpuReading): void {
    const known = this.#gpus.find(({ index }) => index === reading.index);
    if (known === undefined) return;
    this.#gpus = this.#gpus.map((gpu) => (gpu === known ? { ...gpu, ...reading } : gpu));
    for (const listener of this.#listeners) listener(reading, known.name);
  }

  #startLater(): void {
    this.#timer = setTimeout(() => void this.#start(), this.#pauseMs);
    this.#timer.unref();
    this.#pauseMs = Math.min(2 * this.#pauseMs, this.#options.longestPauseMs);
  }

  #stop(): void {
    this.#round += 1;
    clearTimeout(this.#timer ?? undefined);
    this.#child?.kill();
    this.#child = null;
    this.#gpus = [];
    this.#pauseMs = this.#options.pauseMs;
  }
}

/**
 * Parses one line of the stream.
 *
 * @param line index, utilisation in %, memory used and total in MiB, temperature in °C, power in W
 * @returns null for a line that is none
 */
export function parseReading(line: string): GpuReading | null {
  const cells = line.split(',').map((cell) => cell.trim());
  if (cells.length !== columns.length || !/^\d+$/.test(cells[0]!)) return null;
  const [index, utilisation, used, total, temperature, power] = cells.map(numberOrNull);
  return {
    index: index!,
    utilisation: utilisation!,
    memoryUsed: used === null ? null : used! * MEBIBYTE,
    memoryTotal: total === null ? null : total! * MEBIBYTE,
    temperature: temperature!,
    power: power!,
  };
}
