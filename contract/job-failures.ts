import type { ErrorCode } from './errors.ts';
import type { JobParameters } from './jobs.ts';
import { memoryAdvice } from './memory-advice.ts';
import { imagesAtOnce } from './micro-batch.ts';
import type { NetworkPlan } from './plan.ts';
import type { TrainingConfig } from './training.ts';
import { exactImages } from './units.ts';

/** What went wrong where a job did not come to its end, in a code and a sentence: the only place with these sentences. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** @param losses so often, before a step was taken */
export function lostTooOften(losses: number): Failure {
  return {
    code: 'unavailable',
    message: `A machine was lost ${losses} times in a row before a step was taken. Look into the log for which and why; then resume, or resume on other devices.`,
  };
}

/** How sentences call the process of a kind of job. */
const PROCESSES: Readonly<Record<JobParameters['kind'], string>> = {
  train: 'The training process',
  sample: 'The process that drew pictures',
  import: 'The import',
  reconstruct: 'The reconstruction',
  profile: 'The process that measured a step',
  tune: 'The process that measured ways to train',
};

/**
 * What is said where no memory is left: TensorFlow's status RESOURCE_EXHAUSTED is 8, and its allocators say OOM; CUDA,
 * cuBLAS and cuDNN, whose every algorithm wants some, C++, Node and the loader have words of their own.
 */
const OUT_OF_MEMORY =
  /\bTF_Status: 8\b|\bOOM\b|RESOURCE_?EXHAUSTED|ResourceExhausted|failed to allocate memory|std::bad_alloc|out[ _]of[ _]memory|CU(?:BLAS|DNN)_STATUS_ALLOC_FAILED|No algorithm worked!|cannot allocate memory|Array buffer allocation failed/iu;

/** What is said where the system gives no more threads or open files: TensorFlow, C++, Node, OpenMP. */
const LIMIT_REACHED =
  /pthread_create|uv_thread_create|thread constructor failed|unable to allocate necessary resources for OMP thread|Resource temporarily unavailable|Too many open files/iu;

/** What is said just before a program ends itself, whatever the reason. */
const LAST_WORDS =
  /^F\d{4} |: F [\w/]|Check failed|terminate called|what\(\):|FATAL ERROR|Assertion .*failed|Fatal |error while loading shared libraries|^\w*Error: /u;

/**
 * What is said where a disk is full; TensorFlow, which has the same status for it as for memory, puts the file in front,
 * as others do.
 */
const DISK_FULL = /(?:(\/[^;:'"\n]*)['"]?[;:] )?(?:No space left on device|Disk quota exceeded)/iu;

/** Whether a message or a line of output says that memory ran out. */
export function saysOutOfMemory(text: string): boolean {
  return OUT_OF_MEMORY.test(text) && !DISK_FULL.test(text);
}

/** A full disk, if a message or a line of output says so; else null. */
export function saidDiskFull(text: string): Failure | null {
  const found = DISK_FULL.exec(text);
  return found === null ? null : diskFull(found[1] ?? null);
}

/** Whether a line of a program's output tells why it ended: such a line is worth more than those after it. */
export function tellsWhy(line: string): boolean {
  return LAST_WORDS.test(line) || LIMIT_REACHED.test(line) || OUT_OF_MEMORY.test(line) || DISK_FULL.test(line);
}

/** What a job that ran out of memory worked on, as far as an advice needs it. */
export type MemoryUse =
  | {
      readonly kind: 'train';
      readonly plan: NetworkPlan;
      /** Of one device (`shareOn`). */
      readonly training: TrainingConfig;
      /** Parts of the processor that share its memory; default: 1. */
      readonly parts?: number;
      /** Bytes of the device's memory; null: unknown. */
      readonly capacity: number | null;
    }
  /** Pictures that were drawn at once. */
  | { readonly kind: 'sample'; readonly pictures: number }
  /** A measurement of speed, on the command line. */
  | { readonly kind: 'bench' }
  | { readonly kind: 'other' };

/** What to do where memory ran out, a sentence. */
function adviceFor(use: MemoryUse): string {
  switch (use.kind) {
    case 'train':
      return memoryAdvice(use.plan, use.training, use.capacity, imagesAtOnce(use.training), use.parts);
    case 'sample':
      return use.pictures === 1
        ? 'Close what else uses the memory.'
        : `Batch size ${Math.floor(use.pictures / 2)} gives the same pictures in less memory.`;
    case 'bench':
      return 'Measure a smaller batch with --batch.';
    case 'other':
      return 'Close what else uses the memory.';
    default:
      return use satisfies never;
  }
}

/** TensorFlow gave up for want of memory, and lived to tell. */
export function deviceOutOfMemory(use: MemoryUse): Failure {
  const [count, thing] =
    use.kind === 'train'
      ? [imagesAtOnce(use.training), 'image']
      : [use.kind === 'sample' ? use.pictures : 0, 'picture'];
  const load = count === 0 ? '' : count === 1 ? ` with one ${thing}` : ` with ${count} ${thing}s at once`;
  return { code: 'out-of-memory', message: `The device ran out of memory${load}. ${adviceFor(use)}` };
}

/**
 * A disk that a job wrote to is full.
 *
 * @param where the file that was meant, on whichever disk it is (temporary files may be on another one than the library);
 *   null: it is not told, and what jobs write without a name are files of the library
 */
export function diskFull(where: string | null): Failure {
  return { code: 'no-space', message: `The disk of ${where ?? 'the library'} is full. Free some space and resume.` };
}

/**
 * The system refused a thread, an open file or address space.
 *
 * @param what names the process
 */
export function limitReached(what = 'The job'): Failure {
  const message =
    `${what} got no more threads, files or address space from the system: a limit of this user or of a container ` +
    'is reached (ulimit -u, -n, -v, or pids.max). Raise it, or set fewer threads in the settings.';
  return { code: 'limit', message };
}

/** Nobody foresaw it. */
export const jobBug: Failure = { code: 'internal', message: 'The job failed unexpectedly; details are in the log.' };

/** What the system says of a process that ended without a last word. */
export interface Crash {
  readonly exitCode: number | null;
  /** As the system calls it ("SIGKILL"). */
  readonly signal: string | null;
  /** Of its error output: those that tell why it ended, and the last. */
  readonly lastLines: readonly string[];
  /** While it ran the system killed a process for want of memory; null: the system does not tell. */
  readonly oomKilled: boolean | null;
}

/** Signals that a program does not send to itself when something goes wrong in it. */
const FROM_OUTSIDE: readonly string[] = ['SIGHUP', 'SIGINT', 'SIGKILL', 'SIGQUIT', 'SIGTERM', 'SIGXCPU', 'SIGXFSZ'];

/** Exit codes above this are those of a shell, whose child was ended by the signal of the rest. */
const SHELL_SIGNAL = 128;
const SIGKILL_NUMBER = 9;

/** How a process that ended without a last word failed. */
export function crashFailure(kind: JobParameters['kind'], crash: Crash, use: MemoryUse): Failure {
  const what = PROCESSES[kind];
  const output = crash.lastLines.join('\n');
  const signal = crash.exitCode === SHELL_SIGNAL + SIGKILL_NUMBER ? 'SIGKILL' : crash.signal;
  const full = saidDiskFull(output);
  if (full !== null) return full;
  if (saysOutOfMemory(output)) {
    return { code: 'out-of-memory', message: `${what} ran out of memory. ${adviceFor(use)}` };
  }
  if (LIMIT_REACHED.test(output)) return limitReached(what);
  if (signal === 'SIGKILL' && crash.oomKilled === true) {
    const message = `${what} was killed by the system because memory ran out. ${adviceFor(use)}`;
    return { code: 'out-of-memory', message };
  }
  if (signal === 'SIGKILL') {
    const message = `${what} was killed (SIGKILL) from outside: by a person, or by a watchdog because memory ran short. In that case: ${adviceFor(use)}`;
    return { code: 'interrupted', message };
  }
  if (signal !== null && FROM_OUTSIDE.includes(signal)) {
    return { code: 'interrupted', message: `${what} was ended from outside (${signal}).` };
  }
  const message =
    signal !== null
      ? `${what} crashed (${signal}). Its last words are in the log.`
      : crash.exitCode === null
        ? `${what} could not be started. Details are in the service's log.`
        : `${what} ended unexpectedly with exit code ${crash.exitCode}. Its last words are in the log.`;
  return { code: 'internal', message };
}

/**
 * A training job whose service ended before it, so that nobody knows how it went.
 *
 * @param nimg training images of the checkpoint that its run can go on from; undefined: there is none
 */
export function lostWithService(nimg: number | undefined): Failure {
  const end = 'EDM2 Studio ended unexpectedly while this run trained';
  const message =
    nimg === undefined
      ? `${end}, before its first checkpoint. Resume starts it from the beginning.`
      : `${end}. Resume goes on from its checkpoint at ${exactImages(nimg)}.`;
  return { code: 'interrupted', message };
}

/** What a run's log says where its service died and was started again at once. */
export function goesOnAfterDeath(nimg: number | undefined): string {
  const where = nimg === undefined ? 'from the beginning' : `from its checkpoint at ${exactImages(nimg)}`;
  return `EDM2 Studio ended unexpectedly while this run trained, and was started again. Training goes on ${where}.`;
}

/** What a run's log says where its process was killed because its first step did not end; there was nothing to save. */
export function endedBeforeFirstStep(run: 'paused' | 'stopped'): string {
  return `${run === 'paused' ? 'Paused' : 'Stopped'} before the first step was done.`;
}

/** What becomes of a run whose job's end could not be written down. */
export const endNotRecorded = 'Training ended, but its end could not be recorded; resume it.';
