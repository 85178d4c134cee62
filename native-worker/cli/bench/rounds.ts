import { setTimeout as pause } from 'node:timers/promises';
import { median } from '../../../contract/median.ts';
import { readProcessorTimes, type ProcessorTimes } from '../../service/machine.ts';
import { readUsage } from '../../service/process-usage.ts';

/** Something whose speed is measured: a process that does a task again and again. */
export interface Contender<Task extends string> {
  readonly pid: number;
  /** Numbers of other processes that compute for it. */
  readonly helpers?: () => readonly number[];
  /** Does a task once. @returns seconds that it took, without the way there and back */
  run(task: Task): Promise<number>;
}

/** One of those that are measured in turn. */
export interface Entrant<Task extends string = string> {
  readonly contender: Contender<Task>;
  readonly task: Task;
}

/** How long a task took, in seconds, over a number of turns. */
export interface Timing {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Of every turn, in order. */
  readonly turns: readonly number[];
  /** Median of the processor time that a run of the task took, all threads together; null: this system doesn't tell. */
  readonly processorSeconds: number | null;
  /** Turns that other processes left alone; null: this system doesn't tell. */
  readonly undisturbed: number | null;
  /**
   * Whether the median is that of undisturbed turns. Where too few were, it is that of the faster half of all.
   * null: this system doesn't tell, and the median is that of all.
   */
  readonly quiet: boolean | null;
}

export interface RoundOptions {
  readonly rounds: number;
  /** No round begins after this; one is always done. */
  readonly limitSeconds: number;
  /** Runs of a task before those that count. */
  readonly warmUps: number;
  /** A turn repeats a short task until about this much time has passed. */
  readonly turnSeconds: number;
  readonly onTurn?: (done: number, all: number) => void;
}

interface Turn {
  readonly seconds: number;
  /** Of all its threads together; null: unknown. */
  readonly processorSeconds: number | null;
  /** Share of the machine that others took; null: unknown. */
  readonly others: number | null;
}

/** Share of the machine that other processes may take during a turn that counts as undisturbed. */
const MAX_OTHERS = 0.05;

/** Fewer undisturbed turns than this don't make a median. */
const FEW = 3;

/** Threads that wait for work spin for a moment before they sleep; the next contender shall not meet them. */
const SETTLE_MS = 200;

/** A turn that repeats a task does it this often at most. */
const MAX_REPEATS = 50;

/**
 * Measures in alternation, so that a machine whose speed drifts slows all alike: each round gives each entrant a turn.
 *
 * @returns in the order of the entrants
 */
export async function alternate(entrants: readonly Entrant[], options: RoundOptions): Promise<Timing[]> {
  const { rounds, limitSeconds, warmUps, turnSeconds, onTurn } = options;
  const repeats: number[] = [];
  for (const { contender, task } of entrants) {
    let seconds = 0;
    for (let run = 0; run < Math.max(1, warmUps); run += 1) seconds = await contender.run(task);
    repeats.push(Math.min(MAX_REPEATS, Math.max(1, Math.round(turnSeconds / seconds))));
  }
  const turns: Turn[][] = entrants.map(() => []);
  const end = performance.now() + 1000 * limitSeconds;
  for (let round = 0; round < rounds && (round === 0 || performance.now() < end); round += 1) {
    for (const [index, entrant] of entrants.entries()) {
      await pause(SETTLE_MS);
      turns[index]!.push(await takeTurn(entrant, repeats[index]!));
    }
    onTurn?.(round + 1, rounds);
  }
  return turns.map(timing);
}

/** A turn begins with a run that does not count: the one before has filled the caches with what is its own. */
async function takeTurn({ contender, task }: Entrant, repeats: number): Promise<Turn> {
  await contender.run(task);
  const own = secondsOf(contender);
  const before = readProcessorTimes();
  let seconds = 0;
  for (let run = 0; run < repeats; run += 1) seconds += await contender.run(task);
  const used = secondsOf(contender);
  if (own === null || used === null) return { seconds: seconds / repeats, processorSeconds: null, others: null };
  return {
    seconds: seconds / repeats,
    processorSeconds: (used - own) / repeats,
    others: othersShare(before, readProcessorTimes(), used - own),
  };
}

/** Processor time of all its processes so far; null: this system doesn't tell. */
function secondsOf({ pid, helpers }: Contender<string>): number | null {
  const all = [pid, ...(helpers?.() ?? [])].map((one) => readUsage(one)?.cpuSeconds ?? null);
  return all.reduce<number | null>((sum, seconds) => (sum === null || seconds === null ? null : sum + seconds), 0);
}

/** @param own processor seconds of the one that was measured */
export function othersShare(before: ProcessorTimes, now: ProcessorTimes, own: number): number {
  const all = (now.all - before.all) / 1000;
  const busy = all - (now.idle - before.idle) / 1000;
  return all <= 0 ? 0 : Math.max(0, busy - own) / all;
}

export function timing(turns: readonly Turn[]): Timing {
  const seconds = turns.map((turn) => turn.seconds);
  const known = turns.every(({ others, processorSeconds }) => others !== null && processorSeconds !== null);
  const clean = turns.filter(({ others }) => others !== null && others < MAX_OTHERS).map((turn) => turn.seconds);
  const enough = clean.length >= Math.min(FEW, turns.length);
  const fasterHalf = [...seconds].sort((a, b) => a - b).slice(0, Math.max(1, Math.floor(seconds.length / 2)));
  return {
    median: median(!known ? seconds : enough ? clean : fasterHalf),
    min: Math.min(...seconds),
    max: Math.max(...seconds),
    turns: seconds,
    processorSeconds: known ? median(turns.map((turn) => turn.processorSeconds!)) : null,
    undisturbed: known ? clean.length : null,
    quiet: known ? enough : null,
  };
}

/** Whether all medians are those of undisturbed turns; null: this system doesn't tell. */
export function allQuiet(timings: readonly Timing[]): boolean | null {
  const quiet = timings.map((timing) => timing.quiet);
  return quiet.includes(null) ? null : quiet.every(Boolean);
}
